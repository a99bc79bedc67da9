// Alertmanager's configuration file, its templates and routes; then an alert on its way, and the
// time intervals over a day and in years far away.
#include "alerting/routing_config.h"
#include "core/check.h"
#include "fuzz/texts.h"

namespace pilotlight::fuzz {

namespace {

void ask(const alerting::TimeInterval& interval) {
    using std::chrono::hours;
    for (int hour = 0; hour < 24; hour += 5)
        static_cast<void>(interval.contains(WallTime(hours(490'000 + hour))));
    for (const int hour : {0, -1'000'000, 10'000'000, 60'000'000})
        static_cast<void>(interval.contains(WallTime(hours(hour))));
}

}  // namespace

void alerting_config(std::string_view input) {
    const auto root = read_yaml(input);
    if (!root) return;
    const auto read = alerting::read_alerting_config(*root);
    if (!read) {
        PILOT_CHECK(!read.error().empty());
        return;
    }
    const Labels labels{{"alertname", "Up"}, {"severity", "critical"}, {"target", "api"}};
    const auto routes = alerting::matching_routes((*read)->route, labels);
    PILOT_CHECK(!routes.empty());
    for (const auto* route : routes) {
        PILOT_CHECK((*read)->find_receiver(route->receiver) != nullptr);
        static_cast<void>(alerting::group_labels_of(*route, labels));
    }
    for (const auto& [name, intervals] : (*read)->time_intervals) {
        for (const auto& interval : intervals)
            ask(interval);
    }
}

}  // namespace pilotlight::fuzz

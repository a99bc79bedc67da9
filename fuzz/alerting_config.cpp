// Alertmanager's configuration file, its templates and routes; then an alert on its way.
#include "alerting/routing_config.h"
#include "core/check.h"
#include "fuzz/texts.h"

namespace pilotlight::fuzz {

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
}

}  // namespace pilotlight::fuzz

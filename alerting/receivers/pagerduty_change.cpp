#include "alerting/receivers/pagerduty_change.h"

#include <nlohmann/json.hpp>

#include "alerting/message_template.h"

namespace pilotlight::alerting {
namespace {

using nlohmann::json;

constexpr std::size_t kTextMax = 1'024;
constexpr std::size_t kDetailMax = 10'000;
constexpr std::string_view kEnd = "/v2/enqueue";

}  // namespace

std::optional<std::string> pagerduty_change_url(std::string_view events_url) {
    if (!events_url.ends_with(kEnd)) return std::nullopt;
    events_url.remove_suffix(kEnd.size());
    return std::string(events_url) + "/v2/change/enqueue";
}

std::string pagerduty_change_body(const Secret& routing_key, const ChangeEvent& event) {
    json details = json::object();
    for (const auto& [name, text] : event.details)
        details[name] = cut_to(text, kDetailMax);
    json change{{"routing_key", routing_key.reveal()},
                {"payload",
                 {{"summary", cut_to(event.summary, kTextMax)},
                  {"timestamp", format_time(event.at)},
                  {"source", cut_to(event.source, kTextMax)},
                  {"custom_details", std::move(details)}}}};
    if (!event.external_url.empty()) {
        change["links"] = json::array({{{"href", event.external_url}, {"text", "Pilotlight"}}});
    }
    return change.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace pilotlight::alerting

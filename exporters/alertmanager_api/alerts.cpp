// GET /api/v2/alerts, /api/v2/alerts/groups.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "alerting/notification.h"
#include "exporters/alertmanager_api/answers.h"
#include "exporters/alertmanager_api/filters.h"
#include "exporters/alertmanager_api/handlers.h"

namespace pilotlight::exporters::alertmanager_api {
namespace {

using Json = nlohmann::ordered_json;

Response json_answer(const Json& json) {
    return document(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Json labels_json(const Labels& labels) {
    Json json = Json::object();
    for (const Label label : labels)
        json[std::string(label.name)] = label.value;
    return json;
}

using OneAlert = alerting::AlertingView::OneAlert;

Json fingerprints(const std::vector<Labels>& alerts) {
    Json json = Json::array();
    for (const Labels& labels : alerts)
        json.push_back(alerting::fingerprint_of(labels));
    return json;
}

/// `muted_by`: the time intervals that mute its group.
Json alert_json(const OneAlert& one, const alerting::AlertingView& view,
                const std::vector<std::string>& muted_by = {}) {
    const Alert& alert = one.alert;
    Json receivers = Json::array();
    for (const std::string& name : one.receivers)
        receivers.push_back({{"name", name}});
    const bool suppressed = one.muting.is_muted() || !muted_by.empty();
    // As if a rule's alert were sent anew at every look: that it would end is never nearer.
    const WallTime ends_at = one.ends_at.value_or(view.at + view.routing->resolve_timeout);
    Json json{{"annotations", labels_json(alert.annotations)},
              {"endsAt", format_time(ends_at)},
              {"fingerprint", alerting::fingerprint_of(alert.labels)},
              {"receivers", std::move(receivers)},
              {"startsAt", format_time(alert.fired_at.value_or(alert.active_at))},
              {"status",
               {{"inhibitedBy", fingerprints(one.muting.inhibited_by)},
                {"mutedBy", muted_by},
                {"silencedBy", one.muting.silenced_by},
                {"state", suppressed ? "suppressed" : "active"}}},
              {"updatedAt", format_time(one.updated_at)}};
    if (!alert.generator_url.empty()) json["generatorURL"] = alert.generator_url;
    json["labels"] = labels_json(alert.labels);
    return json;
}

}  // namespace

Response get_alerts(const Call& call) {
    const auto filter = read_filter(call.request);
    if (!filter) return filter.error();
    const auto view = call.desk.view();
    if (view == nullptr) return busy();
    std::vector<std::pair<std::string, const OneAlert*>> chosen;
    for (const OneAlert& one : view->alerts) {
        const bool told = std::ranges::any_of(
            one.receivers, [&](const std::string& name) { return filter->admits_receiver(name); });
        if (told && filter->admits(one)) {
            chosen.emplace_back(alerting::fingerprint_of(one.alert.labels), &one);
        }
    }
    std::ranges::sort(chosen);
    Json json = Json::array();
    for (const auto& [fingerprint, one] : chosen)
        json.push_back(alert_json(*one, *view));
    return with_gzip(call.request, json_answer(json));
}

Response get_groups(const Call& call) {
    const auto filter = read_filter(call.request);
    if (!filter) return filter.error();
    const auto view = call.desk.view();
    if (view == nullptr) return busy();
    Json json = Json::array();
    for (const alerting::AlertingView::OneGroup& group : view->groups) {
        if (!filter->admits_receiver(group.receiver)) continue;
        if (!filter->muted && !group.muted_by.empty()) continue;
        Json alerts = Json::array();
        for (const std::size_t index : group.alerts) {
            const OneAlert& one = view->alerts.at(index);
            if (filter->admits(one)) alerts.push_back(alert_json(one, *view, group.muted_by));
        }
        if (alerts.empty()) continue;
        json.push_back({{"alerts", std::move(alerts)},
                        {"labels", labels_json(group.labels)},
                        {"receiver", {{"name", group.receiver}}}});
    }
    return with_gzip(call.request, json_answer(json));
}

}  // namespace pilotlight::exporters::alertmanager_api

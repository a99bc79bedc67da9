#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "exporters/handlers.h"
#include "exporters/headline.h"
#include "exporters/health.h"

namespace pilotlight::exporters {
namespace {

using Json = nlohmann::ordered_json;

Json time_or_null(const std::optional<WallTime>& time) {
    return time ? Json(format_time(*time)) : Json(nullptr);
}

Json seconds_or_null(const std::optional<Duration>& duration) {
    return duration ? Json(to_seconds(*duration)) : Json(nullptr);
}

Json labels_json(const Labels& labels) {
    Json json = Json::object();
    for (const Label label : labels)
        json[std::string(label.name)] = label.value;
    return json;
}

Json target_json(const TargetView& target) {
    Json json{
        {"name", target.name},
        {"prober", target.prober},
        {"instance", target.instance},
        {"health", to_string(target.health)},
        {"since", time_or_null(target.since)},
        {"interval", to_seconds(target.interval)},
        {"duration", nullptr},
        {"phase", target.phase},
        {"reason", target.reason},
        {"detail", target.detail},
    };
    if (target.last_probe_at) json["duration"] = target.last_duration.count();
    json["unknown_since"] = time_or_null(target.unknown_since);
    json["last_failure"] = nullptr;
    if (target.last_failure != nullptr) {
        const FailureView& failure = *target.last_failure;
        json["last_failure"] = {
            {"at", format_time(failure.at)}, {"phase", failure.phase},
            {"reason", failure.reason},      {"detail", failure.detail},
            {"blip", failure.blip},          {"has_evidence", failure.evidence != nullptr}};
    }
    return json;
}

Json services_json(const Snapshot& snapshot) {
    std::map<std::string_view, const TargetView*> by_name;
    for (const TargetView& target : snapshot.targets)
        by_name.emplace(target.name, &target);
    Json services = Json::array();
    for (const ServiceView& service : all_services(snapshot)) {
        Json targets = Json::array();
        for (const std::string& name : service.targets) {
            const auto target = by_name.find(name);
            if (target != by_name.end()) targets.push_back(target_json(*target->second));
        }
        services.push_back({{"name", service.name},
                            {"title", title_of(service)},
                            {"health", to_string(service.health)},
                            {"since", time_or_null(service.since)},
                            {"rto", seconds_or_null(service.rto)},
                            {"rpo", seconds_or_null(service.rpo)},
                            {"depends_on", service.depends_on},
                            {"targets", std::move(targets)}});
    }
    return services;
}

Json alerts_json(const Snapshot& snapshot) {
    Json alerts = Json::array();
    for (const Alert* alert : listed_alerts(snapshot)) {
        const std::string_view runbook = alert->annotations.get("runbook_url").empty()
                                             ? alert->annotations.get("runbook")
                                             : alert->annotations.get("runbook_url");
        alerts.push_back({{"name", alert->labels.get(kAlertName)},
                          {"severity", alert->labels.get("severity")},
                          {"state", to_string(alert->state)},
                          {"muted", to_string(mute_of(snapshot, *alert))},
                          {"since", format_time(alert->fired_at.value_or(alert->active_at))},
                          {"summary", alert->annotations.get("summary")},
                          {"description", alert->annotations.get("description")},
                          {"runbook", runbook},
                          {"labels", labels_json(alert->labels)}});
    }
    return alerts;
}

Json silences_json(const Snapshot& snapshot) {
    Json silences = Json::array();
    for (const SilenceView& silence : snapshot.silences) {
        silences.push_back({{"id", silence.id},
                            {"matchers", silence.matchers},
                            {"active", silence.active},
                            {"starts_at", format_time(silence.starts_at)},
                            {"ends_at", format_time(silence.ends_at)},
                            {"created_by", silence.created_by},
                            {"comment", silence.comment},
                            {"hides", silence.hides},
                            {"hidden", silence.hidden}});
    }
    return silences;
}

Json receivers_json(const Snapshot& snapshot) {
    Json receivers = Json::array();
    for (const ReceiverView& receiver : snapshot.receivers) {
        receivers.push_back({{"name", receiver.name},
                             {"integration", receiver.integration},
                             {"pending", receiver.pending},
                             {"last_delivered", time_or_null(receiver.last_delivered)},
                             {"last_error", receiver.last_error},
                             {"dead", receiver.dead}});
    }
    return receivers;
}

/// Rules that nothing was ever there for: a typing error, or what they watch is not there.
Json unmatched_json(const Snapshot& snapshot) {
    constexpr std::size_t kShownMax = 50;
    Json rules = Json::array();
    for (const RuleGroupView& group : snapshot.rule_groups) {
        for (const RuleView& rule : group.rules) {
            if (!rule.unmatched || rules.size() >= kShownMax) continue;
            rules.push_back({{"name", rule.name},
                             {"group", group.name},
                             {"file", group.file},
                             {"expr", rule.expression}});
        }
    }
    return rules;
}

Json checks_json(const std::vector<Check>& checks) {
    Json json = Json::array();
    for (const Check& check : checks) {
        json.push_back({{"name", check.name}, {"ok", check.ok()}, {"detail", check.trouble}});
    }
    return json;
}

std::size_t count_unmatched(const Snapshot& snapshot) {
    std::size_t count = 0;
    for (const RuleGroupView& group : snapshot.rule_groups)
        count += static_cast<std::size_t>(std::ranges::count_if(group.rules, &RuleView::unmatched));
    return count;
}

std::size_t count_rules(const Snapshot& snapshot) {
    std::size_t count = 0;
    for (const RuleGroupView& group : snapshot.rule_groups)
        count += group.rules.size();
    return count;
}

/// Without the moment of its making, so that a quiet state is the same document.
std::string status_document(const Snapshot& snapshot, const Site& site, WallTime now) {
    const std::vector<Check> checks = check_self(snapshot, now);
    const Headline line = headline(snapshot, checks);
    const Json json{
        {"title", snapshot.title},
        {"version", site.version},
        {"revision", site.revision},
        {"started_at", format_time(snapshot.started_at)},
        {"headline",
         {{"level", to_string(line.level)}, {"text", line.text}, {"problems", line.problems}}},
        {"stuck", is_stuck(snapshot, now)},
        {"services", services_json(snapshot)},
        {"alerts", alerts_json(snapshot)},
        {"silences", silences_json(snapshot)},
        {"receivers", receivers_json(snapshot)},
        {"reload",
         {{"successful", snapshot.reload.successful},
          {"last_attempt", format_time(snapshot.reload.last_attempt)},
          {"last_success", format_time(snapshot.reload.last_success)},
          {"errors", snapshot.reload.errors}}},
        {"checks", checks_json(checks)},
        {"unmatched_rules", unmatched_json(snapshot)},
        {"counts",
         {{"targets", snapshot.targets.size()},
          {"series", snapshot.series},
          {"rules", count_rules(snapshot)},
          {"rules_unmatched", count_unmatched(snapshot)},
          {"outbox_pending", snapshot.outbox_pending}}},
    };
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Response show_status(const Call& call) {
    Response response;
    response.content_type = "application/json";
    response.body = call.site.rendered->get("status", call.snapshot, call.now, [&] {
        return make_body(status_document(*call.snapshot, call.site, call.now));
    });
    return with_gzip(call.request, with_etag(call.request, std::move(response)));
}

}  // namespace pilotlight::exporters

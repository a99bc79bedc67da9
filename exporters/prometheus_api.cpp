// GET /api/v1/alerts, rules, targets, status/buildinfo: the documents of Prometheus's HTTP API v1
// (prometheus.io/docs/prometheus/latest/querying/api, web/api/v1/api.go), from a snapshot.
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "exporters/handlers.h"
#include "exporters/rule_filter.h"

namespace pilotlight::exporters {
namespace {

using Json = nlohmann::ordered_json;

// How Go prints a time that was never set.
constexpr std::string_view kNever = "0001-01-01T00:00:00Z";

Response success(Json data) {
    const Json json{{"status", "success"}, {"data", std::move(data)}};
    return json_response(200, json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Json labels_json(const Labels& labels) {
    Json json = Json::object();
    for (const Label label : labels)
        json[std::string(label.name)] = label.value;
    return json;
}

std::string time_text(const std::optional<WallTime>& time) {
    return time ? format_time(*time) : std::string(kNever);
}

/// strconv.FormatFloat(value, 'e', -1, 64).
std::string exponent_form(double value) {
    if (!std::isfinite(value)) return format_value(value);
    char buffer[40];
    const auto end =
        std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
    return {buffer, end.ptr};
}

Json alert_json(const Alert& alert) {
    return {{"labels", labels_json(alert.labels)},
            {"annotations", labels_json(alert.annotations)},
            {"state", to_string(alert.state)},
            {"activeAt", format_time(alert.active_at)},
            {"value", exponent_form(alert.value)}};
}

/// The active alerts of a rule, and "firing", "pending" or "inactive" for their worst.
std::pair<Json, std::string_view> alerts_of(const RuleView& rule, const Snapshot& snapshot) {
    Json alerts = Json::array();
    std::string_view state = "inactive";
    for (const std::size_t index : rule.alerts) {
        if (index >= snapshot.alerts.size()) continue;
        const Alert& alert = snapshot.alerts[index];
        if (alert.state == AlertState::resolved) continue;
        alerts.push_back(alert_json(alert));
        if (state != "firing") state = to_string(alert.state);
    }
    return {std::move(alerts), state};
}

Json rule_json(const RuleView& rule, const Snapshot& snapshot, bool with_alerts) {
    Json json = Json::object();
    if (rule.alerting) {
        auto [alerts, state] = alerts_of(rule, snapshot);
        json["state"] = state;
        json["name"] = rule.name;
        json["query"] = rule.expression;
        json["duration"] = to_seconds(rule.hold);
        json["keepFiringFor"] = to_seconds(rule.keep_firing_for);
        json["labels"] = labels_json(rule.labels);
        json["annotations"] = labels_json(rule.annotations);
        json["alerts"] = with_alerts ? std::move(alerts) : Json::array();
    } else {
        json["name"] = rule.name;
        json["query"] = rule.expression;
        json["labels"] = labels_json(rule.labels);
    }
    json["health"] = rule.health;
    if (!rule.last_error.empty()) json["lastError"] = rule.last_error;
    json["evaluationTime"] = rule.evaluation_time.count();
    json["lastEvaluation"] = time_text(rule.last_evaluation);
    json["type"] = rule.alerting ? "alerting" : "recording";
    return json;
}

Json group_json(const RuleGroupView& group, const Snapshot& snapshot, const RuleFilter& filter) {
    Json rules = Json::array();
    double seconds = 0;
    std::optional<WallTime> last;
    for (const RuleView& rule : group.rules) {
        seconds += rule.evaluation_time.count();
        if (rule.last_evaluation && (!last || *last < *rule.last_evaluation)) {
            last = rule.last_evaluation;
        }
        if (filter.wants(rule)) {
            rules.push_back(rule_json(rule, snapshot, filter.wants_alerts()));
        }
    }
    return {{"name", group.name},
            {"file", group.file},
            {"rules", std::move(rules)},
            {"interval", to_seconds(group.interval)},
            {"limit", group.limit},
            {"evaluationTime", seconds},
            {"lastEvaluation", time_text(last)}};
}

/// Prometheus knows no "degraded": such a target answers.
std::string_view scrape_health(Health health) {
    return health == Health::degraded ? "up" : to_string(health);
}

std::string last_error(const TargetView& target) {
    if (target.reason.empty()) return target.detail;
    std::string text = target.phase.empty() ? target.reason : target.phase + ": " + target.reason;
    if (!target.detail.empty()) text += ": " + target.detail;
    return text;
}

/// Under "pilotlight" what Prometheus has no place for.
Json target_json(const TargetView& target) {
    return {{"discoveredLabels", {{"__address__", target.instance}}},
            {"labels", labels_json(target.labels)},
            {"scrapePool", target.prober},
            {"scrapeUrl", target.instance},
            {"globalUrl", target.instance},
            {"lastError", last_error(target)},
            {"lastScrape", time_text(target.last_probe_at)},
            {"lastScrapeDuration", target.last_duration.count()},
            {"health", scrape_health(target.health)},
            {"scrapeInterval", format_duration(target.interval)},
            {"scrapeTimeout", format_duration(target.timeout)},
            {"pilotlight",
             {{"name", target.name},
              {"prober", target.prober},
              {"service", target.service},
              {"health", to_string(target.health)},
              {"since", target.since ? Json(format_time(*target.since)) : Json(nullptr)},
              {"phase", target.phase},
              {"reason", target.reason},
              {"detail", target.detail}}}};
}

}  // namespace

Response show_alerts(const Call& call) {
    Json alerts = Json::array();
    for (const Alert& alert : call.snapshot->alerts) {
        if (alert.state != AlertState::resolved) alerts.push_back(alert_json(alert));
    }
    return with_gzip(call.request, success({{"alerts", std::move(alerts)}}));
}

Response show_rules(const Call& call) {
    const auto filter = RuleFilter::of(call.request);
    if (!filter) return error_response(400, "bad_data", filter.error());
    Json groups = Json::array();
    Json data = Json::object();
    bool begun = filter->first_group().empty();
    for (const RuleGroupView& group : call.snapshot->rule_groups) {
        begun = begun || RuleFilter::token_of(group) == filter->first_group();
        if (!begun || !filter->wants(group)) continue;
        Json json = group_json(group, *call.snapshot, *filter);
        if (json["rules"].empty()) continue;
        if (filter->group_limit() > 0 && groups.size() == filter->group_limit()) {
            data["groupNextToken"] = RuleFilter::token_of(group);
            break;
        }
        groups.push_back(std::move(json));
    }
    if (!begun) {
        return error_response(400, "bad_data",
                              "invalid parameter \"group_next_token\": invalid group_next_token '" +
                                  filter->first_group() + "'. were rule groups changed?");
    }
    data["groups"] = std::move(groups);
    return with_gzip(call.request, success(std::move(data)));
}

Response show_targets(const Call& call) {
    std::string state(call.request.parameter("state"));
    std::ranges::transform(state, state.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const std::string_view pool = call.request.parameter("scrapePool");
    Json active = Json::array();
    if (state.empty() || state == "any" || state == "active") {
        for (const TargetView& target : call.snapshot->targets) {
            if (pool.empty() || pool == target.prober) active.push_back(target_json(target));
        }
    }
    // Relabelling drops none that anybody could ask for.
    return with_gzip(call.request, success({{"activeTargets", std::move(active)},
                                            {"droppedTargets", Json::array()},
                                            {"droppedTargetCounts", Json::object()}}));
}

Response show_build_info(const Call& call) {
    return success({{"version", call.site.version},
                    {"revision", call.site.revision},
                    {"branch", ""},
                    {"buildUser", ""},
                    {"buildDate", ""},
                    {"goVersion", ""}});
}

}  // namespace pilotlight::exporters

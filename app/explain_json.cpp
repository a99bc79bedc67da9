#include "app/explain_json.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "core/check.h"
#include "core/sample.h"

namespace pilotlight::app {
namespace {

using Json = nlohmann::ordered_json;

Json labels_json(const Labels& labels) {
    Json object = Json::object();
    for (const Label label : labels)
        object[std::string(label.name)] = label.value;
    return object;
}

Json time_json(const std::optional<WallTime>& time) {
    return time ? Json(format_time(*time)) : Json();
}

Json step_json(const rules::Step& step) {
    Json rows = Json::array();
    for (const rules::Step::Row& row : step.rows) {
        rows.push_back({{"labels", labels_json(row.labels)},
                        {"value", row.value},
                        {"age", row.age ? Json(to_seconds(*row.age)) : Json()}});
    }
    return {{"depth", step.depth},
            {"expr", step.text},
            {"rows", std::move(rows)},
            {"row_count", step.row_count},
            {"note", step.note}};
}

Json steps_json(const std::vector<rules::Step>& steps) {
    Json all = Json::array();
    for (const rules::Step& step : steps)
        all.push_back(step_json(step));
    return all;
}

Json policies_json(const rules::Explanation::Policies& policies) {
    Json flap;
    if (policies.flap) {
        flap = {{"changes", policies.flap->changes},
                {"within", format_duration(policies.flap->within)},
                {"settle", format_duration(policies.flap->settle)}};
    }
    return {{"on_no_data", to_string(policies.on_no_data)},
            {"on_error", to_string(policies.on_error)},
            {"resolve_when", policies.resolve_when.empty() ? Json() : Json(policies.resolve_when)},
            {"flap", std::move(flap)}};
}

Json silences_json(const std::vector<ExplainFacts::Silence>& silenced_by) {
    Json silences = Json::array();
    for (const ExplainFacts::Silence& silence : silenced_by) {
        silences.push_back({{"id", silence.id},
                            {"created_by", silence.created_by},
                            {"comment", silence.comment},
                            {"ends_at", format_time(silence.ends_at)}});
    }
    return silences;
}

Json tellings_json(const std::vector<alerting::Telling>& tellings) {
    Json all = Json::array();
    for (const alerting::Telling& one : tellings) {
        const char* knows = one.knows_firing ? "firing" : one.knows_end ? "resolved" : "nothing";
        const char* state = one.pending ? "sending" : one.failed ? "failed" : "told";
        all.push_back({{"receiver", one.to.receiver},
                       {"integration", one.to.integration},
                       {"index", one.to.index},
                       {"knows", knows},
                       {"state", one.decided_at ? Json(state) : Json("waiting")},
                       {"decided_at", time_json(one.decided_at)},
                       {"delivered_at", time_json(one.delivered_at)},
                       {"next_flush", format_time(one.next_flush)},
                       {"muted_by_time", one.muted_by}});
    }
    return all;
}

Json alert_json(const rules::Explanation::OneAlert& one, const ExplainFacts& facts) {
    Json inhibited = Json::array();
    for (const Labels& labels : facts.inhibited_by)
        inhibited.push_back(labels_json(labels));
    return {{"labels", labels_json(one.alert.labels)},
            {"annotations", labels_json(one.alert.annotations)},
            {"state", to_string(one.alert.state)},
            {"value", format_value(one.alert.value)},
            {"cause", to_string(one.cause)},
            {"condition", one.condition_holds},
            {"waiting_for", to_string(one.waiting)},
            {"active_at", format_time(one.alert.active_at)},
            {"fires_at", time_json(one.fires_at)},
            {"fired_at", time_json(one.alert.fired_at)},
            {"kept_until", time_json(one.kept_until)},
            {"flapping_since", time_json(one.flapping_since)},
            {"flap_changes", one.flap_changes},
            {"targets", one.targets},
            {"silent_targets", one.silent_targets},
            {"policies", policies_json(one.policies)},
            {"silenced_by", silences_json(facts.silenced_by)},
            {"inhibited_by", std::move(inhibited)},
            {"told", tellings_json(facts.told)},
            {"steps", steps_json(one.steps)},
            {"resolve_when_steps", steps_json(one.end_steps)}};
}

Json rule_json(const rules::Explanation& rule, const std::vector<ExplainFacts>& facts) {
    PILOT_CHECK(facts.size() == rule.alerts.size());
    Json alerts = Json::array();
    for (std::size_t i = 0; i < rule.alerts.size(); ++i)
        alerts.push_back(alert_json(rule.alerts[i], facts[i]));
    return {{"name", rule.name},
            {"expr", rule.expression},
            {"file", rule.file},
            {"line", rule.line},
            {"group", rule.group},
            {"interval", to_seconds(rule.interval)},
            {"query_offset", to_seconds(rule.query_offset)},
            {"for", to_seconds(rule.hold)},
            {"keep_firing_for", to_seconds(rule.keep_firing_for)},
            {"health", rule.health},
            {"last_error", rule.last_error},
            {"last_evaluation", time_json(rule.last_evaluation)},
            {"warnings", rule.warnings},
            {"has_matched", rule.has_matched},
            {"alert_count", rule.alert_count},
            {"alerts", std::move(alerts)},
            {"policies", policies_json(rule.policies)},
            {"steps", steps_json(rule.steps)}};
}

}  // namespace

std::string explain_json(const std::vector<rules::Explanation>& explanations,
                         const std::vector<std::vector<ExplainFacts>>& facts, WallTime now) {
    PILOT_CHECK(facts.size() == explanations.size());
    Json rules = Json::array();
    for (std::size_t i = 0; i < explanations.size(); ++i)
        rules.push_back(rule_json(explanations[i], facts[i]));
    const Json document{{"at", format_time(now)}, {"rules", std::move(rules)}};
    return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace pilotlight::app

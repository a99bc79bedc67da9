#include "rules/reports.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/template/functions.h"

namespace pilotlight::rules {

namespace {

/// An alert whose rule is no more, as its record has it.
Alert alert_of(const AlertRecord& record) {
    Alert alert;
    alert.labels = record.labels;
    alert.annotations = record.annotations;
    alert.state = record.state;
    alert.active_at = record.active_at;
    alert.fired_at = record.fired_at;
    alert.resolved_at = record.resolved_at;
    alert.value = record.value;
    alert.generator_url = record.generator_url;
    return alert;
}

AlertRecord record_of(const RunningRule& rule, const StateChange& change,
                      const std::string& external_url) {
    const ActiveAlert& alert = change.alert;
    AlertRecord record;
    record.rule = rule.id();
    record.rule_name = rule.rule().name;
    record.labels = change.labels;
    record.annotations = alert.annotations;
    record.row = alert.row;
    record.state = change.resolved_at ? AlertState::resolved : alert.state;
    record.active_at = alert.active_at;
    record.fired_at = alert.fired_at;
    record.keep_firing_since = alert.keep_firing_since;
    record.resolved_at = change.resolved_at;
    record.value = alert.value;
    record.generator_url = generator_url(external_url, rule.rule().expression);
    record.evidence = alert.evidence.selectors;
    record.targets = alert.evidence.targets;
    record.data_valid_for = alert.evidence.valid_for;
    record.cause = alert.cause;
    record.flapping_since = alert.flapping_since;
    if (alert.flapping_since) record.flipped_at = alert.flipped_at;
    record.changes = change.flaps;
    return record;
}

}  // namespace

std::string generator_url(const std::string& external_url, const std::string& expression) {
    return fmt::format("{}/graph?g0.expr={}&g0.tab=1", external_url,
                       tmpl::escape_query(expression));
}

void report(const RunningRule& rule, const StateChange& change, const std::string& external_url,
            Evaluation& evaluation) {
    const std::string url = generator_url(external_url, rule.rule().expression);
    Alert alert = to_alert(change.labels, change.alert, change.resolved_at, url);
    switch (change.kind) {
        case StateChange::Kind::state:
            evaluation.changed.push_back(std::move(alert));
            break;
        case StateChange::Kind::content:
            evaluation.updated.push_back(std::move(alert));
            return;
        case StateChange::Kind::timer:
        case StateChange::Kind::forgotten:
            break;
    }
    evaluation.records.push_back(record_of(rule, change, external_url));
}

void report_end(const RunningRule& rule, WallTime now, const std::string& external_url,
                Evaluation& evaluation) {
    std::vector<StateChange> changes;
    rule.alerts().end_all(now, changes);
    for (const StateChange& change : changes)
        report(rule, change, external_url, evaluation);
}

void report_orphan(const AlertRecord& record, WallTime now, Evaluation& evaluation) {
    AlertRecord ended = record;
    ended.state = AlertState::resolved;
    ended.resolved_at = now;
    ended.changes.clear();
    if (!record.ended()) evaluation.changed.push_back(alert_of(ended));
    evaluation.records.push_back(std::move(ended));
}

void append_alerts(const RunningRule& rule, const std::string& external_url,
                   std::vector<Alert>& alerts) {
    const std::string url = generator_url(external_url, rule.rule().expression);
    for (const auto& [labels, alert] : rule.alerts().active())
        alerts.push_back(to_alert(labels, alert, std::nullopt, url));
}

void sort_by_labels(std::vector<Alert>& alerts) {
    std::ranges::sort(alerts, [](const Alert& a, const Alert& b) { return a.labels < b.labels; });
}

GroupView view_of(const RunningGroup& group) {
    GroupView view;
    view.name = group.group.name;
    view.file = group.group.file;
    view.interval = group.interval;
    view.limit = group.group.limit;
    view.last_evaluation = group.last_evaluation;
    return view;
}

RuleView view_of(const RunningRule& running, const std::string& external_url) {
    const Rule& rule = running.rule();
    RuleView view;
    view.name = rule.name;
    view.alerting = rule.is_alerting();
    view.expression = rule.expression;
    view.hold = rule.hold;
    view.keep_firing_for = rule.keep_firing_for;
    for (const auto& label : rule.labels)
        view.labels.emplace_back(label.name, label.source);
    for (const auto& text : rule.annotations)
        view.annotations.emplace_back(text.name, text.source);
    view.last_error = running.last_error();
    view.last_evaluation = running.last_evaluation();
    view.evaluation_time = running.evaluation_time();
    if (view.last_evaluation) view.health = view.last_error.empty() ? "ok" : "err";
    view.warnings = running.warnings();
    view.has_matched = running.has_matched();
    append_alerts(running, external_url, view.alerts);
    sort_by_labels(view.alerts);
    return view;
}

}  // namespace pilotlight::rules

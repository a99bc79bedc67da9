#include "rules/explanation.h"

#include <algorithm>
#include <functional>

#include "rules/reports.h"

namespace pilotlight::rules {

namespace {

Explanation::Policies policies_of(const RunningRule& rule, const Labels& labels) {
    const PolicyInForce force = rule.policies().of(labels);
    Explanation::Policies policies{force.on_no_data, force.on_error, {}, {}};
    if (force.resolve_when != nullptr) policies.resolve_when = force.resolve_when->expression;
    if (force.flap != nullptr) policies.flap = *force.flap;
    return policies;
}

bool has_labels(const Labels& alert, const Labels& wanted) {
    return std::ranges::all_of(
        wanted, [&](const Label label) { return alert.get(label.name) == label.value; });
}

/// The steps of `resolve_when` for one alert.
std::vector<Step> end_steps(const RunningRule& rule, const Labels& labels, const Labels& row,
                            const series::Store& store, const promql::EvalOptions& eval) {
    const PolicyInForce force = rule.policies().of(labels);
    if (force.resolve_when == nullptr) return {};
    return Steps(*force.resolve_when->expr, force.resolve_when->expression, store, eval).of(row);
}

void add_targets(const ActiveAlert& alert, const Sources::View& view,
                 Explanation::OneAlert& explained) {
    for (const std::string& target : alert.evidence.targets) {
        if (view.is_configured && !view.is_configured(target)) continue;
        explained.targets.push_back(target);
        if (!answers(target, view)) explained.silent_targets.push_back(target);
    }
}

Explanation::OneAlert explain_alert(const RunningRule& rule, const Labels& labels,
                                    const ActiveAlert& alert, const std::string& url) {
    Explanation::OneAlert explained;
    explained.alert = to_alert(labels, alert, std::nullopt, url);
    explained.cause = alert.cause;
    explained.condition_holds = alert.seen;
    explained.waiting = alert.waiting;
    explained.policies = policies_of(rule, labels);
    if (alert.state == AlertState::pending) {
        explained.fires_at = alert.active_at + rule.timers().hold;
    }
    explained.flapping_since = alert.flapping_since;
    explained.flap_changes = rule.alerts().flaps().of(labels).size();
    if (alert.keep_firing_since) {
        Duration kept = rule.timers().keep_firing_for;
        if (alert.flapping_since && explained.policies.flap) {
            kept = std::max(kept, explained.policies.flap->settle);
        }
        explained.kept_until = *alert.keep_firing_since + kept;
    }
    return explained;
}

Explanation about(const RunningRule& running, const RunningGroup& group) {
    const Rule& rule = running.rule();
    Explanation explanation;
    explanation.name = rule.name;
    explanation.expression = rule.expression;
    explanation.file = rule.where.file.str();
    explanation.line = rule.where.line;
    explanation.group = group.group.name;
    explanation.interval = group.interval;
    explanation.query_offset = group.group.query_offset;
    explanation.hold = rule.hold;
    explanation.keep_firing_for = rule.keep_firing_for;
    explanation.last_error = running.last_error();
    explanation.last_evaluation = running.last_evaluation();
    if (explanation.last_evaluation) {
        explanation.health = explanation.last_error.empty() ? "ok" : "err";
    }
    explanation.warnings = running.warnings();
    explanation.has_matched = running.has_matched();
    return explanation;
}

}  // namespace

Explanation explain(const RuleSet& rules, std::uint32_t number, const ExplainQuery& query,
                    const promql::EvalOptions& eval, const Sources::View& view,
                    const std::string& external_url) {
    const RunningRule& rule = rules.rule(number);
    const RunningGroup& group = rules.group_of(number);
    Explanation explanation = about(rule, group);
    promql::EvalOptions options = eval;
    options.at = view.now - group.group.query_offset;
    options.sample_limit = query.samples_per_step;
    options.interrupted = query.interrupted;
    options.warnings = nullptr;
    const Steps steps(*rule.rule().expr, rule.rule().expression, view.store, options);
    const std::string url = generator_url(external_url, rule.rule().expression);
    std::vector<std::pair<Labels, const ActiveAlert*>> found;
    for (const auto& [labels, alert] : rule.alerts().active()) {
        if (has_labels(labels, query.labels)) found.emplace_back(labels, &alert);
    }
    std::ranges::sort(found, std::less<>(),
                      [](const auto& one) -> const Labels& { return one.first; });
    explanation.alert_count = found.size();
    if (found.size() > ExplainQuery::kAlertsMax) found.resize(ExplainQuery::kAlertsMax);
    for (const auto& [labels, alert] : found) {
        auto one = explain_alert(rule, labels, *alert, url);
        add_targets(*alert, view, one);
        one.steps = steps.of(alert->row);
        if (alert->waiting == Waiting::resolve_when) {
            one.end_steps = end_steps(rule, labels, alert->row, view.store, options);
        }
        explanation.alerts.push_back(std::move(one));
    }
    if (!found.empty()) return explanation;
    LabelsBuilder wanted(query.labels);
    wanted.set(kAlertName, rule.rule().name);
    explanation.policies = policies_of(rule, wanted.build());
    LabelsBuilder row(query.labels);
    // What the rule sets itself says nothing of the series.
    for (const auto& label : rule.rule().labels)
        row.remove(label.name);
    row.remove(kAlertName);
    explanation.steps = steps.of(row.build());
    return explanation;
}

}  // namespace pilotlight::rules

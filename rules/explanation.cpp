#include "rules/explanation.h"

#include <algorithm>
#include <functional>

#include "rules/promql/selectors.h"
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

/// The first alerts by their labels that have those that are wanted.
std::vector<const ActiveAlerts::Entry*> alerts_of(const RunningRule& rule, const Labels& wanted,
                                                  std::size_t& count) {
    std::vector<const ActiveAlerts::Entry*> found;
    for (const auto& entry : rule.alerts().active()) {
        if (has_labels(entry.first, wanted)) found.push_back(&entry);
    }
    count = found.size();
    const std::size_t shown = std::min(count, ExplainQuery::kAlertsMax);
    const auto end = found.begin() + static_cast<std::ptrdiff_t>(shown);
    std::ranges::partial_sort(found, end, std::less<>(),
                              [](const auto* one) -> const Labels& { return one->first; });
    found.resize(shown);
    return found;
}

}  // namespace

Inquiry inquire(const RuleSet& rules, std::uint32_t number, const ExplainQuery& query,
                const promql::EvalOptions& eval, const Sources::View& view,
                const std::string& external_url) {
    const RunningRule& rule = rules.rule(number);
    const RunningGroup& group = rules.group_of(number);
    Inquiry inquiry;
    Explanation& explanation = inquiry.explanation = about(rule, group);
    inquiry.condition = {rule.rule().expr, rule.rule().expression};
    inquiry.eval = eval;
    inquiry.eval.at = view.now - group.group.query_offset;
    inquiry.eval.sample_limit = query.samples_per_step;
    inquiry.eval.interrupted = {};
    inquiry.eval.warnings = nullptr;
    const std::string url = generator_url(external_url, rule.rule().expression);
    for (const auto* entry : alerts_of(rule, query.labels, explanation.alert_count)) {
        const auto& [labels, alert] = *entry;
        explanation.alerts.push_back(explain_alert(rule, labels, alert, url));
        add_targets(alert, view, explanation.alerts.back());
        inquiry.rows.push_back(alert.row);
        inquiry.ends.emplace_back();
        const ResolveWhen* end = rule.policies().of(labels).resolve_when;
        if (alert.waiting == Waiting::resolve_when && end != nullptr) {
            inquiry.ends.back() = {end->expr, end->expression};
        }
    }
    if (!explanation.alerts.empty()) return inquiry;
    LabelsBuilder wanted(query.labels);
    wanted.set(kAlertName, rule.rule().name);
    explanation.policies = policies_of(rule, wanted.build());
    LabelsBuilder row(query.labels);
    // What the rule sets itself says nothing of the series.
    for (const auto& label : rule.rule().labels)
        row.remove(label.name);
    row.remove(kAlertName);
    inquiry.rows.push_back(row.build());
    return inquiry;
}

std::vector<Matchers> Inquiry::reads() const {
    std::vector<Matchers> all;
    const auto add = [&](const Part& part) {
        if (part.expr == nullptr) return;
        for (auto& selector : promql::selectors(*part.expr))
            all.push_back(std::move(selector.matchers));
    };
    add(condition);
    for (const Part& end : ends)
        add(end);
    return all;
}

Explanation explain(Inquiry inquiry, const StepsStore& in,
                    const std::function<bool()>& interrupted) {
    inquiry.eval.interrupted = interrupted;
    Explanation explanation = std::move(inquiry.explanation);
    const auto steps_of = [&](const Inquiry::Part& part) {
        return Steps(*part.expr, part.text, in.store, in.known, inquiry.eval);
    };
    const Steps steps = steps_of(inquiry.condition);
    for (std::size_t i = 0; i < explanation.alerts.size(); ++i) {
        auto& one = explanation.alerts[i];
        one.steps = steps.of(inquiry.rows[i]);
        const Inquiry::Part& end = inquiry.ends[i];
        if (end.expr != nullptr) one.end_steps = steps_of(end).of(inquiry.rows[i]);
    }
    if (explanation.alerts.empty()) explanation.steps = steps.of(inquiry.rows.front());
    return explanation;
}

}  // namespace pilotlight::rules

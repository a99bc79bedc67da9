#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/sample.h"
#include "rules/alert_states.h"
#include "rules/narrowed_expr.h"
#include "rules/promql/selectors.h"
#include "rules/rule_file.h"
#include "rules/sources.h"
#include "rules/template_functions.h"
#include "series/store.h"

namespace pilotlight::rules {

/// What an evaluation works with. `texts.eval` says how expressions are evaluated; its `at` is set
/// by the rule.
struct RunContext {
    series::Store& store;
    TemplateContext& texts;
    const tmpl::Functions& functions;
    WallTime now;
    SteadyTime decided_at;
    /// Of the group: how long before `now` expressions look.
    Duration query_offset{};
    /// Of the group; 0 is none.
    std::uint64_t limit = 0;
    /// Ours, for alerting rules.
    std::uint64_t alerts_max = 0;
    /// How often what is recorded is expected; see series::Store::append.
    Duration interval{};
    /// Live evaluation asks Sources before an alert ends; unit tests do as Prometheus does.
    const Sources::View* live = nullptr;
    /// Where not empty: only what carries this target is new, and only its rows are evaluated. The
    /// rule must be one that narrows().
    std::string_view target{};
};

/// What a run added to the store, and the alerts that changed.
struct RunResult {
    std::vector<Sample> recorded;
    std::vector<StateChange> changes;
};

/// A rule with what it knows from run to run: its alerts, the series it recorded last, its health.
class RunningRule {
  public:
    RunningRule(Rule rule, std::uint64_t id);

    [[nodiscard]] const Rule& rule() const { return rule_; }
    [[nodiscard]] std::uint64_t id() const { return id_; }
    /// The same rule read anew: its texts and `keep_firing_for` may be others.
    void set_rule(Rule rule);
    /// Whether its rows can be evaluated for one target at a time.
    [[nodiscard]] bool narrows() const { return narrowed_.has_value(); }
    void set_selectors(std::vector<promql::SelectorUse> selectors);
    [[nodiscard]] const std::vector<promql::SelectorUse>& selectors() const { return selectors_; }
    void set_sources(Sources sources) { sources_ = std::move(sources); }

    /// Evaluates once. False is a failure, kept as last_error(); alerts and series stay as they are
    /// then.
    bool run(const RunContext& context, RunResult& result);

    /// Ends what it recorded: the rule is gone.
    void end_series(series::Store& store, WallTime now, std::vector<Sample>& recorded);

    [[nodiscard]] AlertStates& alerts() { return alerts_; }
    [[nodiscard]] const AlertStates& alerts() const { return alerts_; }
    [[nodiscard]] AlertStates::Timers timers() const { return {rule_.hold, rule_.keep_firing_for}; }
    [[nodiscard]] const std::string& last_error() const { return last_error_; }
    [[nodiscard]] std::optional<WallTime> last_evaluation() const { return last_evaluation_; }
    /// Whether any of its selectors has found a series at a run since the rule was loaded; true
    /// for a rule that has none.
    [[nodiscard]] bool has_matched() const { return has_matched_; }

  private:
    Result<void> run_alerting(const RunContext& context, promql::Vector rows, RunResult& result);
    Result<void> run_recording(const RunContext& context, promql::Vector rows, RunResult& result);
    Result<AlertRows> alert_rows(const RunContext& context, promql::Vector rows) const;
    Labels alert_labels(const RunContext& context, const Labels& row,
                        const tmpl::Value& data) const;
    void append(const RunContext& context, std::vector<Sample> samples, RunResult& result);

    Result<promql::Vector> rows(const RunContext& context);
    bool remember(const RunContext& context, const Result<void>& done);

    Rule rule_;
    std::uint64_t id_ = 0;
    /// Nothing where each run has to look at all targets.
    std::optional<NarrowedExpr> narrowed_;
    std::vector<promql::SelectorUse> selectors_;
    Sources sources_;
    AlertStates alerts_;
    /// What it recorded last, by target.
    std::unordered_map<std::string, std::unordered_set<Labels>> series_;
    std::string last_error_;
    /// Whose rows failed; empty for all.
    std::string failed_target_;
    std::optional<WallTime> last_evaluation_;
    bool has_matched_ = false;
};

}  // namespace pilotlight::rules

#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/sample.h"
#include "rules/alert_states.h"
#include "rules/data_watch.h"
#include "rules/failures.h"
#include "rules/narrowed_expr.h"
#include "rules/policy.h"
#include "rules/promql/selectors.h"
#include "rules/recorded_series.h"
#include "rules/rule_file.h"
#include "rules/sources.h"
#include "rules/template_functions.h"
#include "rules/time_limit.h"
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
    /// Live evaluation asks Sources before an alert ends, and follows the policies; unit tests do
    /// as Prometheus does.
    const Sources::View* live = nullptr;
    /// What every sample of a target carries; nothing where that is not known.
    const std::function<Labels(std::string_view)>* target_labels = nullptr;
    /// Where not empty: only what carries this target is new, and only its rows are evaluated. The
    /// rule must be one that narrows().
    std::string_view target{};
    /// How long the run may take; null for as long as it likes. Its begin() is the caller's.
    TimeLimit* time = nullptr;
};

/// What a run added to the store, and the alerts that changed.
struct RunResult {
    /// The limit that the run failed for: "rule_timeout", "alerts_per_rule", or "".
    std::string_view limit{};
    std::vector<Sample> recorded;
    std::vector<StateChange> changes;
};

/// A rule with what it knows from run to run: its alerts, the series it recorded last, its health.
class RunningRule {
  public:
    RunningRule(Rule rule, std::uint64_t id);

    /// Goes on where `before`, the same rule as it was read before, has come to: texts,
    /// `keep_firing_for` and policies may be others. Leaves it without memory.
    void take_over(RunningRule& before);

    [[nodiscard]] const Rule& rule() const { return rule_; }
    [[nodiscard]] std::uint64_t id() const { return id_; }
    /// Whether its rows can be evaluated for one target at a time.
    [[nodiscard]] bool narrows() const { return narrows_ && policies_.narrows(); }
    void set_policies(const SharedPolicies& all) {
        policies_ = RulePolicies(all, rule_);
        alerts_.timers_changed();
    }
    [[nodiscard]] const RulePolicies& policies() const { return policies_; }
    void set_selectors(std::vector<promql::SelectorUse> selectors);
    [[nodiscard]] const std::vector<promql::SelectorUse>& selectors() const { return selectors_; }
    void set_sources(Sources sources) { sources_ = std::move(sources); }

    /// Evaluates once. False is a failure, kept as last_error(); alerts and series stay as they are
    /// then.
    bool run(const RunContext& context, RunResult& result);

    /// Ends what it recorded: the rule is gone.
    void end_series(series::Store& store, WallTime now, std::vector<Sample>& recorded) {
        recorded_.end(store, now, recorded);
    }

    /// Puts an alert back as it was before a restart.
    void restore(const AlertRecord& record, WallTime now);
    /// Nobody looked for that long: no timer has run meanwhile, and data gets the time to come.
    void was_blind(Duration time);
    /// The same of one target, until `now`.
    void could_not_see(std::string_view target, Duration time, WallTime now) {
        alerts_.could_not_see(target, time, now);
    }
    /// When one of its timers ends next after `now`.
    [[nodiscard]] std::optional<WallTime> next_timer(WallTime now) {
        return alerts_.next_timer(timers(), policies_, now);
    }

    [[nodiscard]] const AlertStates& alerts() const { return alerts_; }
    /// Targets whose data was missing when it was last looked for; only where a policy makes that
    /// an alert.
    [[nodiscard]] const std::vector<DataWatch::Silent>& silent() const { return silent_; }
    [[nodiscard]] AlertStates::Timers timers() const { return {rule_.hold, rule_.keep_firing_for}; }
    [[nodiscard]] const std::string& last_error() const { return last_error_; }
    [[nodiscard]] std::optional<WallTime> last_evaluation() const { return last_evaluation_; }
    void set_evaluation_time(std::chrono::nanoseconds took) { evaluation_time_ = took; }
    [[nodiscard]] std::chrono::nanoseconds evaluation_time() const { return evaluation_time_; }
    /// The error to tell of now, "" where the rule works again, nothing where there is no news.
    [[nodiscard]] std::optional<std::string> news_of_health(WallTime now);
    /// Whether any of its selectors has found a series at a run since the rule was loaded; true
    /// for a rule that has none.
    [[nodiscard]] bool has_matched() const { return has_matched_; }
    /// What the last evaluation said besides its result: Prometheus's annotations.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

  private:
    Result<void> evaluate(const RunContext& context, RunResult& result);
    Result<void> run_alerting(const RunContext& context, promql::Vector rows, RunResult& result);
    Result<void> run_recording(const RunContext& context, promql::Vector rows, RunResult& result);
    Result<AlertRows> alert_rows(const RunContext& context, promql::Vector rows) const;
    Labels annotations_of(const RunContext& context, const tmpl::Value& data) const;
    /// What an alert of the rule has that does not stand for a row of its expression: silence, or
    /// an error. `key` is the annotation that says it, besides the summary.
    std::pair<Labels, AlertRow> row_instead(const RunContext& context, const Labels& row,
                                            std::string_view key, const std::string& text) const;
    AlertStates::Judge judge_of(const RunContext& context);
    [[nodiscard]] AlertStates::Pass pass_of(const RunContext& context,
                                            const AlertStates::Judge& judge) const;
    void add_silent(const RunContext& context, AlertRows& rows);
    void follow_failure(const RunContext& context, bool failed_before, RunResult& result);
    Labels alert_labels(const RunContext& context, const Labels& row,
                        const tmpl::Value& data) const;
    void record_alerts(const RunContext& context, RunResult& result);
    using Part = RecordedSeries::Part;
    void record_part(const RunContext& context, Part part, RunResult& result);
    static RecordedSeries::Into into(const RunContext& context);
    /// Fails where there would be more than one of the limits allows.
    Result<void> check_limits(const RunContext& context, std::size_t count, RunResult& result);

    Result<promql::Vector> rows(const RunContext& context);
    bool resolves(const RunContext& context, const ResolveWhen& end, const Labels& row);
    void remember(const RunContext& context, const Result<void>& done);

    Rule rule_;
    std::uint64_t id_ = 0;
    /// Whether not every run has to look at all targets.
    bool narrows_ = false;
    std::vector<promql::SelectorUse> selectors_;
    Sources sources_;
    RulePolicies policies_;
    AlertStates alerts_;
    DataWatch watch_;
    std::vector<DataWatch::Silent> silent_;
    /// What `resolve_when` gave in this run, or why it could not.
    struct Ends {
        const ResolveWhen* end = nullptr;
        Result<promql::Vector> rows;
    };
    std::vector<Ends> ends_;
    std::vector<std::string> warnings_;
    RecordedSeries recorded_;
    std::string last_error_;
    Failures failures_;
    std::optional<WallTime> last_evaluation_;
    std::chrono::nanoseconds evaluation_time_{};
    /// The error that was told last, and when.
    std::string told_error_;
    std::optional<WallTime> told_at_;
    bool has_matched_ = false;
};

}  // namespace pilotlight::rules

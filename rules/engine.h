#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/alert.h"
#include "core/labels.h"
#include "core/sample.h"
#include "core/time.h"
#include "rules/alert_record.h"
#include "rules/policy.h"
#include "rules/promql/compatibility.h"
#include "rules/rule_file.h"
#include "rules/time_limit.h"
#include "series/store.h"

namespace pilotlight::rules {

class Rounds;
class RuleSet;
struct ExplainQuery;
struct Inquiry;

/// Rules that are ready to run.
using SharedRules = std::shared_ptr<RuleSet>;

struct EngineOptions {
    Labels external_labels{};
    std::string external_url{};
    promql::Compatibility compatibility = promql::Compatibility::prometheus3;
    /// Of groups that give none, and the step of subqueries that give none.
    Duration default_interval = std::chrono::seconds(15);
    Duration lookback = std::chrono::minutes(5);
    /// Alerts that one rule may have; beyond it the rule fails, its alerts stay as they are.
    std::uint64_t alerts_per_rule = 10'000;
    /// Samples that one evaluation may read.
    std::uint64_t samples_per_evaluation = 50'000'000;
    /// Times what runs: a rule that takes longer than `rule_timeout` fails, and is left alone for a
    /// while (ten seconds, each time twice as long, at most five minutes), so that the others get
    /// their turn. Without clocks rules take their time.
    TimeLimit::Clocks clocks{};
    Duration rule_timeout = std::chrono::seconds(1);
    /// Whether a target of that name is configured still. Without it every target is.
    std::function<bool(std::string_view target)> is_configured{};
    /// What every sample of a target carries. Without it that is `target` alone.
    std::function<Labels(std::string_view target)> target_labels{};
    /// Null is none. They take effect with the next rules that are compiled.
    SharedPolicies policies{};
};

/// What is to be told of a rule's health.
struct RuleTrouble {
    std::string file;
    std::string group;
    std::string rule;
    /// Empty where it works again.
    std::string error;
};

/// What one call of the engine changed.
struct Evaluation {
    /// Alerts that became pending, firing or resolved; also pending ones that ended (resolved,
    /// without `fired_at`): nobody was told of those.
    std::vector<Alert> changed;
    /// Firing alerts whose value or annotations are new.
    std::vector<Alert> updated;
    /// What must be on disk before anything is sent: one for each of `changed`, and for each
    /// `keep_firing_for` or flapping that began or was called off.
    std::vector<AlertRecord> records;
    /// What rules recorded, ALERTS and ALERTS_FOR_STATE among it; the store has it already. A
    /// series that ended has stale_marker() as its value.
    std::vector<Sample> recorded;
    /// Rules that ran, and those of them that failed.
    std::size_t evaluated = 0;
    std::size_t failed = 0;
    /// Rules that failed for a limit, by its name: "rule_timeout", "alerts_per_rule".
    std::map<std::string_view, std::size_t> limits_reached;
    /// Rules that began to fail, fail of another reason, or work again; of one rule at most one in
    /// fifteen seconds.
    std::vector<RuleTrouble> troubles;
};

struct RuleView {
    std::string name;
    bool alerting = true;
    std::string expression;
    Duration hold{};
    Duration keep_firing_for{};
    /// As written, before expansion.
    std::vector<std::pair<std::string, std::string>> labels;
    std::vector<std::pair<std::string, std::string>> annotations;
    /// "ok", "err" or "unknown" (not evaluated yet).
    std::string_view health = "unknown";
    std::string last_error;
    std::optional<WallTime> last_evaluation;
    /// How long that took.
    std::chrono::duration<double> evaluation_time{};
    /// What the last evaluation said besides its result.
    std::vector<std::string> warnings;
    /// Whether the expression ever selected any series since the rule was loaded.
    bool has_matched = false;
    std::vector<Alert> alerts;
};

struct GroupView {
    std::string name;
    std::string file;
    Duration interval{};
    std::uint64_t limit = 0;
    std::optional<WallTime> last_evaluation;
    std::vector<RuleView> rules;
};

/// Evaluates rules over a store and keeps their alerts: pending, firing, resolved. Pure: `now` is
/// an argument, nothing is read or written but the store. Thread: the store's owner.
///
/// When: a rule runs when a sample of a name that it reads has arrived, when its group's interval
/// is due, and when the `for` or `keep_firing_for` of one of its alerts ends. What it records, and
/// ALERTS when alerts change, arrives in turn. A group with a `query_offset` runs once what arrived
/// is as old as that, since only then it sees it. A rule that looks at all targets looks again at
/// news after 99 times as long as that takes, a second at most: with a few targets at once, with
/// thousands some tens of milliseconds later. A rule that takes more than a moment (50 ms)
/// rests for nine times as long, and then sees all that came meanwhile; one that takes longer than
/// `rule_timeout` fails. Everything in one call is evaluated at one `now`
/// (a millisecond later where the last call had that very time, since a series has one sample a
/// millisecond).
///
/// No news is not good news. A row that is gone ends its alert only where the condition was seen
/// to be false:
///  - a rule that fails to evaluate, or takes too long, changes none of its alerts;
///  - for each selector that had data for the row (series that share the row's labels, as far as
///    they have them) when it was last true: without fresh data now, it is *silent* unless all
///    configured targets that the data came from answer (`up` or `probe_success` fresh and 1).
///    While one is silent, or none has any data left, the alert stays as it is. A pending alert
///    that stays so does not fire before its row is seen again;
///  - targets that are no longer configured count neither way: their alerts resolve at once, and so
///    do those of a target whose labels are others now (its address was edited);
///  - names whose absence says that all is well (ALERTS, ALERTS_FOR_STATE, probe_failure_info) and
///    what rules record count as the series that they are made from;
///  - after restore(), an alert also waits until its rule's ranges (up to an hour) are filled
///    again, since history is not kept across restarts.
/// That is OnNoData::keep, which holds where no policy says otherwise; see rules/policy.h for what
/// policies change, DataWatch for what counts as silent, and to which `for` and `keep_firing_for`
/// apply as to any other alert.
class Engine {
  public:
    /// `store` must outlive the engine.
    Engine(series::Store& store, EngineOptions options);
    ~Engine();
    Engine(Engine&&) noexcept;
    Engine& operator=(Engine&&) noexcept;

    /// A reload may change them; call before exchange().
    void set_options(EngineOptions options);

    /// Makes rules ready to run under these options: most of a reload's work, on any thread.
    [[nodiscard]] static SharedRules compile(std::vector<RuleFile> files,
                                             const EngineOptions& options);

    /// Makes `rules`, compiled under the options in force, the rules from now on. Rules that did
    /// not change keep their alerts and timers; firing alerts of rules that are gone come back
    /// resolved. Runs nothing else; every rule is due at once, and its group's ticks are spread by
    /// a hash of the name. What ran before is in `rules` then: to be freed where nobody waits.
    Evaluation exchange(RuleSet& rules, WallTime now);

    /// The same with rules that are compiled here and now.
    Evaluation replace(std::vector<RuleFile> files, WallTime now);

    /// Puts alerts back after a restart, with their original times; call after replace(). Records
    /// whose rule is gone come back resolved where they were firing.
    Evaluation restore(std::span<const AlertRecord> records, WallTime now);

    /// Samples of these names have been appended to the store: evaluates, in group order, each
    /// rule that reads one of them. `decided_at` is when the newest of them was taken.
    Evaluation on_arrival(std::span<const std::string_view> metric_names, WallTime now,
                          SteadyTime decided_at = {});

    /// The same for one batch that has been appended. Where all of it carries one target, rules
    /// whose rows rest on one target each are evaluated for this one only: with thousands of
    /// targets, news of one does not cost a look at all.
    Evaluation on_arrival(const SampleBatch& batch, WallTime now, SteadyTime decided_at = {});

    /// Evaluates groups whose interval is due and rules with an alert whose time has come.
    Evaluation on_tick(WallTime now, SteadyTime decided_at = {});

    /// Until `at` only what can be judged for one target at a time is evaluated, as samples arrive:
    /// not all targets have been asked, and what absent() or a count says of them is no news. The
    /// rest is due then. For a start, and after a freeze; an earlier time ends it. At most a
    /// minute.
    void unsettled_until(WallTime at);

    /// When on_tick has something to do next; nothing without rules.
    [[nodiscard]] std::optional<WallTime> next_wakeup() const;

    /// Nobody looked for that long (the process was frozen, the machine suspended, the clock set
    /// forward): `for` and `keep_firing_for` have not run meanwhile.
    void was_blind(Duration time);

    /// The same of one target: its probe could not judge, nor could anybody since the one before,
    /// `time` ago. Only alerts whose rows carry the target are held; what a rule says of several
    /// targets at once goes on with what was known of this one.
    void could_not_see(std::string_view target, Duration time, WallTime now);

    /// The targets are others now (`is_configured` answers anew): rules whose alerts rest on
    /// targets that are gone are evaluated at the next tick, which is due at once.
    void targets_changed(WallTime now);

    /// Pending and firing alerts.
    [[nodiscard]] std::vector<Alert> alerts() const;
    [[nodiscard]] std::vector<GroupView> groups() const;
    /// Why the alerts of that name are in their states, one for each rule of that name, in
    /// evaluation order, but for the steps of their expressions; see rules/explanation.h.
    [[nodiscard]] std::vector<Inquiry> inquire(const ExplainQuery& query, WallTime now) const;
    /// The alert's name that is nearest to `name`; "" where none is near.
    [[nodiscard]] std::string nearest_alert(std::string_view name) const;
    /// How far back each metric name is read: what the store must keep.
    [[nodiscard]] series::Retention retention() const;
    [[nodiscard]] std::size_t rule_count() const;
    /// Of the groups that have rules; nothing where none has.
    [[nodiscard]] std::optional<Duration> longest_interval() const;
    /// Rules that were evaluated and whose expression has matched no series since they were loaded.
    [[nodiscard]] std::size_t unmatched_count() const;

  private:
    std::unique_ptr<Rounds> rounds_;
};

}  // namespace pilotlight::rules

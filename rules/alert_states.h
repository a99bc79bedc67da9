#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/alert.h"
#include "core/labels.h"
#include "core/time.h"
#include "rules/active_alert.h"
#include "rules/active_alerts.h"
#include "rules/alarms.h"
#include "rules/flaps.h"
#include "rules/policy.h"

namespace pilotlight::rules {

/// A row of an alerting rule's expression, or what stands for one, under the alert's labels.
struct AlertRow {
    Labels annotations;
    /// The row's own labels.
    Labels row;
    double value = 0;
    AlertCause cause = AlertCause::condition;
    /// Of a row that is not the expression's: what it rests on.
    Evidence evidence{};
};
using AlertRows = std::unordered_map<Labels, AlertRow>;

struct StateChange {
    enum class Kind {
        /// Another state: pending, firing, or the end.
        state,
        /// The same state, but other text or value while firing.
        content,
        /// Only what is kept on disk: `keep_firing_for` or flapping began or was called off.
        timer,
        /// Nothing is remembered any more of an alert that ended before.
        forgotten,
    };
    Kind kind = Kind::state;
    Labels labels;
    ActiveAlert alert;
    /// Set where the alert ended; it is no longer among the active ones then.
    std::optional<WallTime> resolved_at;
    /// What damping counts of it.
    std::vector<WallTime> flaps;
};

/// Where a row is gone, what is known of its condition.
enum class Ending {
    /// Nothing: its data is silent.
    silent,
    /// Nothing: after a restart its ranges are not filled yet.
    unready,
    /// It is false.
    over,
    /// What it spoke of is not watched any more.
    removed,
};

/// The alerts of one rule. Follows Prometheus's AlertingRule.Eval, but that an alert whose row is
/// gone is asked about first, and that policies may hold it.
class AlertStates {
  public:
    struct Timers {
        Duration hold{};
        Duration keep_firing_for{};
    };
    /// What the caller knows of the series behind a row.
    struct Judge {
        std::function<Ending(const ActiveAlert&)> ending;
        /// What a row that is there rests on; asked when an alert begins, fires or is seen again.
        std::function<Evidence(const ActiveAlert&)> evidence;
        /// Whether the expression has a row for the alert's.
        std::function<bool(const ResolveWhen&, const Labels& row)> resolves;
    };

    /// One evaluation of the rule `name`.
    struct Pass {
        const std::string& name;
        Timers timers;
        const Judge& judge;
        const RulePolicies& policies;
        WallTime now;
        SteadyTime decided_at;
        /// Where not empty: `rows` are those of this target, and other alerts stay as they are.
        std::string_view target{};
    };

    /// How many alerts there would be with these rows: theirs, those that `keep_firing_for` keeps,
    /// and those of other targets than the pass is of. What Prometheus holds against a limit.
    [[nodiscard]] std::size_t count_with(const AlertRows& rows, const Pass& pass);
    /// The rows are too many for update(); but alerts whose condition has ended begin to be kept,
    /// so that there are fewer some time.
    void begin_keeping(const AlertRows& rows, const Pass& pass, std::vector<StateChange>& changes);
    /// `rows` are what the expression gave at `pass.now`. Changes are appended. Cost: the rows, and
    /// the alerts that the pass is of.
    void update(AlertRows rows, const Pass& pass, std::vector<StateChange>& changes);
    /// The evaluation failed: `row` stands for that. An alert on a condition under these labels
    /// stays as it is.
    void fail(const Labels& labels, AlertRow row, const Pass& pass,
              std::vector<StateChange>& changes);
    /// It does not fail any more, or is not known to (Judge::ending).
    void end_failure(const Pass& pass, std::vector<StateChange>& changes);
    /// The rule is gone: all of it ends.
    void end_all(WallTime now, std::vector<StateChange>& changes) const;

    /// Puts an alert back as it was before a restart.
    void restore(const AlertRecord& record, const std::string& name, WallTime now);

    /// Nobody looked for that long: no timer has run meanwhile.
    void was_blind(Duration time);
    /// The same of one target, until `now`.
    void could_not_see(std::string_view target, Duration time, WallTime now);

    /// When the next `for`, `keep_firing_for` or `settle` ends after `now`. Cost: what has changed
    /// since the last call.
    [[nodiscard]] std::optional<WallTime> next_timer(const Timers& timers,
                                                     const RulePolicies& policies, WallTime now);
    /// Timers or policies are others now.
    void timers_changed() { all_changed_ = true; }

    [[nodiscard]] const ActiveAlerts::ByLabels& active() const { return active_.all(); }
    /// Those whose row is of this target; of none, where it is "".
    [[nodiscard]] std::vector<ActiveAlerts::Entry*> of(std::string_view target) {
        return active_.of(target);
    }
    [[nodiscard]] const Flaps& flaps() const { return flaps_; }

  private:
    using Changes = std::vector<StateChange>;
    using Entry = ActiveAlerts::Entry;

    /// What the pass is of.
    std::vector<Entry*> entries(const Pass& pass);
    void set_alarm(const std::string& target, const Timers& timers, const RulePolicies& policies,
                   WallTime now);

    void begin(const Labels& labels, AlertRow row, const Pass& pass, Changes& changes);
    void seen(const Labels& labels, ActiveAlert& alert, AlertRow row, const Pass& pass,
              Changes& changes);
    void fire(const Labels& labels, ActiveAlert& alert, const Pass& pass);
    /// Whether the alert ended.
    bool gone(const Labels& labels, ActiveAlert& alert, const Pass& pass, Changes& changes);
    /// What holds an alert whose row is gone. A condition that ended begins to be held here.
    Waiting waits_for(const Labels& labels, ActiveAlert& alert, Ending ending, const Pass& pass,
                      Changes& changes);
    void end(const Labels& labels, ActiveAlert& alert, const Pass& pass, Changes& changes);
    /// Whether damping is over for an alert whose condition has not changed for long enough.
    static bool calm_down(const Labels& labels, ActiveAlert& alert, const Pass& pass);
    void note(StateChange::Kind kind, const Labels& labels, const ActiveAlert& alert,
              Changes& changes, std::optional<WallTime> resolved_at = std::nullopt) const;

    ActiveAlerts active_;
    Flaps flaps_;
    /// By target, the next of its alerts' timers; but for targets whose alerts have changed since.
    Alarms<std::string> alarms_;
    std::set<std::string, std::less<>> changed_;
    bool all_changed_ = false;
    /// Nobody looked for a while before the next pass.
    bool was_blind_ = false;
};

}  // namespace pilotlight::rules

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/alert.h"
#include "core/labels.h"
#include "core/time.h"
#include "rules/alert_record.h"
#include "rules/flaps.h"
#include "rules/policy.h"

namespace pilotlight::rules {

/// Which selectors had data for a row, and the targets that it came from: see Engine.
struct Evidence {
    std::uint64_t selectors = 0;
    std::vector<std::string> targets;
    /// How long the longest-lived of it stays valid.
    Duration valid_for{};
};

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

/// What an alert whose row is gone waits for, instead of ending.
enum class Waiting {
    nothing,
    /// Its data is silent.
    data,
    /// `resolve_when` has no row for it.
    resolve_when,
    /// It flaps, and has not been quiet for long enough.
    settle,
    keep_firing_for,
};

/// "", "data", "resolve_when", "settle", "keep_firing_for".
[[nodiscard]] std::string_view to_string(Waiting waiting);

/// One alert of a rule between the first time its row is seen and its end.
struct ActiveAlert {
    Labels annotations;
    Labels row;
    AlertState state = AlertState::pending;
    WallTime active_at{};
    std::optional<WallTime> fired_at;
    /// When the condition was seen to have ended, while `keep_firing_for` or damping holds it.
    std::optional<WallTime> keep_firing_since;
    double value = 0;
    SteadyTime decided_at{};
    AlertCause cause = AlertCause::condition;
    Evidence evidence;
    /// Set while it is flapping; then `flipped_at` is when its condition last came or went.
    std::optional<WallTime> flapping_since;
    WallTime flipped_at{};
    /// Whether the row was there at the last evaluation; where not, what it waits for.
    bool seen = true;
    Waiting waiting = Waiting::nothing;
    /// Since when its data has had the chance to come again: after a restart or a freeze.
    std::optional<WallTime> unsure_since;
    /// Since when it waits, after a restart, for its row to be seen again.
    std::optional<WallTime> restored_at;
    /// The labels of its ALERTS series, made when its state changed.
    Labels alerts_series;
    Labels for_state_series;
};

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

    /// `rows` are what the expression gave at `pass.now`. Changes are appended.
    void update(AlertRows rows, const Pass& pass, std::vector<StateChange>& changes);
    /// The evaluation failed: `row` stands for that. An alert on a condition under these labels
    /// stays as it is.
    void fail(const Labels& labels, AlertRow row, const Pass& pass,
              std::vector<StateChange>& changes);
    /// It does not fail any more.
    void end_failure(const Pass& pass, std::vector<StateChange>& changes);
    /// The rule is gone: all of it ends.
    void end_all(WallTime now, std::vector<StateChange>& changes) const;

    /// Puts an alert back as it was before a restart.
    void restore(const AlertRecord& record, const std::string& name, WallTime now);

    /// Nobody looked for that long: no timer has run meanwhile.
    void was_blind(Duration time);

    /// When the next `for`, `keep_firing_for` or `settle` ends after `now`.
    [[nodiscard]] std::optional<WallTime> next_timer(const Timers& timers,
                                                     const RulePolicies& policies,
                                                     WallTime now) const;

    [[nodiscard]] const std::unordered_map<Labels, ActiveAlert>& active() const { return active_; }
    [[nodiscard]] const Flaps& flaps() const { return flaps_; }

  private:
    using Changes = std::vector<StateChange>;

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

    std::unordered_map<Labels, ActiveAlert> active_;
    Flaps flaps_;
    /// Nobody looked for a while before the next pass.
    bool was_blind_ = false;
};

/// The public face of an active alert; `resolved_at` where it ended.
[[nodiscard]] Alert to_alert(const Labels& labels, const ActiveAlert& alert,
                             std::optional<WallTime> resolved_at, const std::string& generator_url);

}  // namespace pilotlight::rules

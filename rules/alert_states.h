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
#include "rules/rule_file.h"

namespace pilotlight::rules {

/// A row of an alerting rule's expression, under the alert's labels.
struct AlertRow {
    Labels annotations;
    /// The row's own labels.
    Labels row;
    double value = 0;
};
using AlertRows = std::unordered_map<Labels, AlertRow>;

/// Which selectors had data for a row, and the targets that it came from: see Engine.
struct Evidence {
    std::uint64_t selectors = 0;
    std::vector<std::string> targets;
};

/// One alert of a rule between the first time its row is seen and its end.
struct ActiveAlert {
    Labels annotations;
    Labels row;
    AlertState state = AlertState::pending;
    WallTime active_at{};
    std::optional<WallTime> fired_at;
    std::optional<WallTime> keep_firing_since;
    double value = 0;
    SteadyTime decided_at{};
    Evidence evidence;
    /// Whether the row was there at the last evaluation.
    bool seen = true;
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
        /// Only what is kept on disk: `keep_firing_for` began or was called off.
        timer,
    };
    Kind kind = Kind::state;
    Labels labels;
    ActiveAlert alert;
    /// Set where the alert ended; it is no longer among the active ones then.
    std::optional<WallTime> resolved_at;
};

/// The alerts of one rule. Follows Prometheus's AlertingRule.Eval, but that an alert whose row is
/// gone is asked about first.
class AlertStates {
  public:
    struct Timers {
        Duration hold{};
        Duration keep_firing_for{};
    };
    /// What the caller knows of the series behind a row.
    struct Judge {
        /// Whether the condition of an alert whose row is gone is known to have ended.
        std::function<bool(const ActiveAlert&)> is_over;
        /// What a row that is there rests on; asked when an alert begins, fires or is seen again.
        std::function<Evidence(const ActiveAlert&)> evidence;
    };

    /// One evaluation of the rule `name`.
    struct Pass {
        const std::string& name;
        Timers timers;
        const Judge& judge;
        WallTime now;
        SteadyTime decided_at;
        /// Where not empty: `rows` are those of this target, and other alerts stay as they are.
        std::string_view target{};
    };

    /// `rows` are what the expression gave at `pass.now`. Changes are appended.
    void update(AlertRows rows, const Pass& pass, std::vector<StateChange>& changes);

    /// Puts an alert back as it was before a restart.
    void restore(const AlertRecord& record, const std::string& name, WallTime now);

    /// Nobody looked for that long: no timer has run meanwhile.
    void was_blind(Duration time);

    /// When the next `for` or `keep_firing_for` ends after `now`.
    [[nodiscard]] std::optional<WallTime> next_timer(const Timers& timers, WallTime now) const;

    [[nodiscard]] const std::unordered_map<Labels, ActiveAlert>& active() const { return active_; }
    void clear() { active_.clear(); }

  private:
    void begin(const Labels& labels, AlertRow row, const Pass& pass,
               std::vector<StateChange>& changes);
    static void seen(const Labels& labels, ActiveAlert& alert, AlertRow row, const Pass& pass,
                     std::vector<StateChange>& changes);
    /// Whether the alert ended.
    static bool gone(const Labels& labels, ActiveAlert& alert, const Pass& pass,
                     std::vector<StateChange>& changes);

    std::unordered_map<Labels, ActiveAlert> active_;
};

/// The public face of an active alert; `resolved_at` where it ended.
[[nodiscard]] Alert to_alert(const Labels& labels, const ActiveAlert& alert,
                             std::optional<WallTime> resolved_at, const std::string& generator_url);

}  // namespace pilotlight::rules

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/alert.h"
#include "core/labels.h"
#include "core/time.h"
#include "rules/alert_record.h"

namespace pilotlight::rules {

/// Which selectors had data for a row, and the targets that it came from: see Engine.
struct Evidence {
    std::uint64_t selectors = 0;
    std::vector<std::string> targets;
    /// How long the longest-lived of it stays valid.
    Duration valid_for{};
};

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

/// As it was before a restart, at `now`; `name` is the rule's.
[[nodiscard]] ActiveAlert to_active(const AlertRecord& record, const std::string& name,
                                    WallTime now);

/// Makes the labels of its ALERTS and ALERTS_FOR_STATE series, which say its state.
void name_series(const Labels& labels, const std::string& name, ActiveAlert& alert);

/// The public face of an active alert; `resolved_at` where it ended.
[[nodiscard]] Alert to_alert(const Labels& labels, const ActiveAlert& alert,
                             std::optional<WallTime> resolved_at, const std::string& generator_url);

}  // namespace pilotlight::rules

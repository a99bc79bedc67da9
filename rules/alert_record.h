#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/alert.h"
#include "core/labels.h"
#include "core/time.h"

namespace pilotlight::rules {

/// What makes an alert be one.
enum class AlertCause {
    /// A row of the rule's expression.
    condition,
    /// Silence of data that the rule had read (OnNoData::alert).
    no_data,
    /// An evaluation that failed (OnError::alert).
    error,
};

/// "condition", "no_data", "error".
[[nodiscard]] std::string_view to_string(AlertCause cause);

/// The durable state of one alert: what must be on disk so that timers and firing alerts survive
/// a crash with their original times. Keyed by `key()`; a newer record replaces the older one, and
/// one that `is_spent()` is to be dropped.
struct AlertRecord {
    /// Which rule: file, group, name, expression, `for`, labels; stable across restarts.
    std::uint64_t rule = 0;
    /// The rule's name, for people who read the journal.
    std::string rule_name;
    /// The alert's own labels, `alertname` among them.
    Labels labels;
    Labels annotations;
    /// The row's labels, before the rule's own were added.
    Labels row;
    AlertState state = AlertState::pending;
    WallTime active_at{};
    std::optional<WallTime> fired_at;
    std::optional<WallTime> keep_firing_since;
    std::optional<WallTime> resolved_at;
    double value = 0;
    std::string generator_url;
    /// Which of the rule's selectors had data when the row was last true, one bit each, and the
    /// targets that the data came from.
    std::uint64_t evidence = 0;
    std::vector<std::string> targets;
    /// How long that data stays valid; 0 where records of earlier versions do not say.
    Duration data_valid_for{};
    AlertCause cause = AlertCause::condition;
    /// Damping (FlapPolicy): since when it is flapping, when its condition last came or went, and
    /// the times of its newest changes. These outlive the alert's end.
    std::optional<WallTime> flapping_since;
    std::optional<WallTime> flipped_at;
    std::vector<WallTime> changes;

    /// One text per rule and label set.
    [[nodiscard]] std::string key() const;
    /// Pending no more without having fired, or resolved.
    [[nodiscard]] bool ended() const { return state == AlertState::resolved; }
    /// Ended, and nothing of it is to be remembered.
    [[nodiscard]] bool is_spent() const { return ended() && changes.empty(); }

    bool operator==(const AlertRecord&) const = default;
};

}  // namespace pilotlight::rules

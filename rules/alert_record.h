#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/alert.h"
#include "core/labels.h"
#include "core/time.h"

namespace pilotlight::rules {

/// The durable state of one alert: what must be on disk so that timers and firing alerts survive
/// a crash with their original times. Keyed by `key()`; a newer record replaces the older one, and
/// one that `ended()` may be dropped once whoever was told has been told.
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

    /// One text per rule and label set.
    [[nodiscard]] std::string key() const;
    /// Pending no more without having fired, or resolved.
    [[nodiscard]] bool ended() const { return state == AlertState::resolved; }

    bool operator==(const AlertRecord&) const = default;
};

}  // namespace pilotlight::rules

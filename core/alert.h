#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/labels.h"
#include "core/time.h"

namespace pilotlight {

enum class AlertState { pending, firing, resolved };

/// "pending", "firing", "resolved".
[[nodiscard]] std::string_view to_string(AlertState state);

/// An alert as its rule sees it now. Identity is `labels` (`alertname` among them).
struct Alert {
    Labels labels;
    Labels annotations;
    AlertState state = AlertState::pending;
    /// When the condition was first seen true.
    WallTime active_at{};
    /// When `for` had passed: Alertmanager's startsAt. Set while firing or resolved.
    std::optional<WallTime> fired_at;
    /// When the condition was seen to have ended: Alertmanager's endsAt. Set when resolved.
    std::optional<WallTime> resolved_at;
    /// The expression's value when it was last true.
    double value = 0;
    /// Where it comes from: the rule's expression as a link or text.
    std::string generator_url;
    /// The time of the sample that decided the newest change of state, on arrival: what
    /// pilotlight_notification_delay_seconds counts from.
    SteadyTime decided_at{};

    bool operator==(const Alert&) const = default;
};

}  // namespace pilotlight

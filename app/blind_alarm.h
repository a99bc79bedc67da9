#pragma once

#include <functional>
#include <optional>
#include <string>

#include "alerting/outside_alerts.h"
#include "app/target_states.h"
#include "core/labels.h"
#include "core/time.h"

namespace pilotlight::app {

/// That targets cannot be judged is an alarm of Pilotlight's own: one, however many targets there
/// are and for whatever reasons, told like an alert from outside, by the routes. Loaded rules that
/// read pilotlight_probe_unknown say it instead.
/// Thread: the engine loop's. Time: an argument.
class BlindAlarm {
  public:
    struct Look {
        const TargetStates& states;
        /// Labels of all that is told.
        const Labels& external;
        /// Every target has been asked since the start, or was waited for long enough.
        bool settled = false;
        /// A rule says it.
        bool left_to_rules = false;
    };

    /// What becomes of an alert, and whether one fires: AlertCommands'.
    struct Voice {
        std::function<void(alerting::PostedAlert, WallTime)> raise;
        std::function<bool(const Labels&)> fires;
    };

    explicit BlindAlarm(Voice voice) : voice_(std::move(voice)) {}

    /// Every few seconds. Begins once something has been unknown for a minute, and ends when
    /// nothing is; critical while it is half of the targets or more.
    void look(const Look& look, WallTime now);

  private:
    void tell(const Look& look, std::size_t unknown, WallTime now);
    void end(const Look& look, std::string_view severity, WallTime now);

    Voice voice_;
    std::optional<WallTime> since_;
    std::string told_severity_;
    std::string told_text_;
    std::optional<WallTime> told_at_;
};

/// `resolver_unreachable of 12 targets, no_descriptors of 3`, the most frequent first.
[[nodiscard]] std::string unknown_in_words(const TargetStates::Unknown& unknown);

}  // namespace pilotlight::app

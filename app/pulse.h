#pragma once

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>

#include "core/time.h"

namespace pilotlight::app {

/// What the engine shows of its turning, for whoever has to know whether it still judges.
/// Thread: any.
class Pulse {
  public:
    void turned(SteadyTime now) { turned_ = now; }
    void evaluated(SteadyTime now) { evaluated_ = now; }
    /// `longest`: of the rules' intervals; nothing where there is no rule to evaluate.
    void expect(std::optional<Duration> longest, SteadyTime now) {
        longest_ = longest.value_or(Duration{0});
        evaluated_ = now;
        turned_ = now;
    }

    /// Why it does not judge; "" while it does.
    [[nodiscard]] std::string trouble(SteadyTime now) const {
        const auto still = std::chrono::floor<Duration>(now - turned_.load());
        if (still > kTurnPatience) {
            return "the engine has not turned for " + in_seconds(still);
        }
        const Duration longest = longest_;
        const auto since = std::chrono::floor<Duration>(now - evaluated_.load());
        if (longest > Duration{0} && since > 2 * longest + kTurnPatience) {
            return "no rule has been evaluated for " + in_seconds(since);
        }
        return "";
    }

    /// The engine turns every second; so long it may be busy.
    static constexpr Duration kTurnPatience = std::chrono::seconds(10);

  private:
    static std::string in_seconds(Duration duration) {
        return format_duration(std::chrono::floor<std::chrono::seconds>(duration));
    }

    std::atomic<SteadyTime> turned_{SteadyTime{}};
    std::atomic<SteadyTime> evaluated_{SteadyTime{}};
    std::atomic<Duration> longest_{Duration{0}};
};

}  // namespace pilotlight::app

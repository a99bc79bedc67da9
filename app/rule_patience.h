#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "core/time.h"

namespace pilotlight::app {

/// How long one rule may run. What counts is the thread's own time, once a first second has
/// passed: a machine that is busy with something else makes no rule fail.
/// Thread: the engine's.
class RulePatience {
  public:
    explicit RulePatience(Duration unasked = std::chrono::seconds(1),
                          Duration own_time = std::chrono::seconds(1))
        : unasked_(unasked), own_time_(own_time) {}

    void begin();
    [[nodiscard]] bool is_over();

    /// As rules::EngineOptions::patience has it.
    [[nodiscard]] static std::function<std::function<bool()>()> make();

  private:
    Duration unasked_;
    Duration own_time_;
    SteadyTime began_{};
    /// The thread's time when it was asked for first.
    std::optional<std::chrono::nanoseconds> used_before_;
};

}  // namespace pilotlight::app

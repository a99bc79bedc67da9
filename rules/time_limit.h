#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "core/time.h"

namespace pilotlight::rules {

/// Times a rule's run, and says when it takes too long. What counts is the thread's own time, once
/// a first moment has passed: a machine that is busy with something else makes no rule fail.
class TimeLimit {
  public:
    struct Clocks {
        /// Asked often. Without it runs take no time, and none is too long.
        std::function<SteadyTime()> now;
        /// How long the thread has worked; asked only of runs that take more than a moment. Without
        /// it what passes counts.
        std::function<std::chrono::nanoseconds()> own;
    };
    struct Length {
        std::chrono::nanoseconds passed{};
        /// The thread's own time beyond the first moment; 0 for what is over within it.
        std::chrono::nanoseconds own{};
    };

    /// Beyond this a run is one that others wait for.
    static constexpr std::chrono::milliseconds kMoment{50};

    TimeLimit() = default;
    TimeLimit(Clocks clocks, Duration limit) : clocks_(std::move(clocks)), limit_(limit) {}

    /// The next run begins.
    void begin();
    /// Whether the run has to end now. Once true it stays so until the next begin().
    [[nodiscard]] bool is_over();
    /// Whether is_over() was ever true since begin().
    [[nodiscard]] bool was_reached() const { return reached_; }
    /// The run has ended.
    [[nodiscard]] Length end() const;
    [[nodiscard]] Duration limit() const { return limit_; }

  private:
    Clocks clocks_;
    Duration limit_{};
    SteadyTime began_{};
    /// The thread's time when it was asked for first.
    std::optional<std::chrono::nanoseconds> own_before_;
    bool reached_ = false;
};

}  // namespace pilotlight::rules

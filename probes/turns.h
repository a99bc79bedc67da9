#pragma once

#include <chrono>
#include <cstddef>

#include "core/time.h"

namespace pilotlight::probes {

/// How much time a loop has lost while probes were in flight: stopped, starved of a processor, or
/// held up by something that runs too long. Its owner wakes up at next() and says turned(); what a
/// turn comes too late is lost, and so is what the next one is overdue. Idle, it wants one more
/// turn and then none. Thread: one owner. Reads no clock.
class Turns {
  public:
    /// A probe begins; true where the owner must look at next() anew.
    [[nodiscard]] bool began(SteadyTime now);
    void ended();
    void turned(SteadyTime now);

    /// When to say turned(); SteadyTime::max() once nothing is in flight.
    [[nodiscard]] SteadyTime next() const;
    /// All that was lost so far; grows.
    [[nodiscard]] std::chrono::nanoseconds lost(SteadyTime now) const;

  private:
    [[nodiscard]] std::chrono::nanoseconds overdue(SteadyTime now) const;

    std::size_t in_flight_ = 0;
    /// SteadyTime::max() while no turn is wanted.
    SteadyTime next_ = SteadyTime::max();
    std::chrono::nanoseconds lost_{};
};

}  // namespace pilotlight::probes

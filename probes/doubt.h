#pragma once

#include <chrono>

#include "probes/probe.h"

namespace pilotlight::probes {

/// How it was for us while a probe ran.
struct Circumstances {
    /// From the tick of the schedule to the start.
    std::chrono::nanoseconds lateness{};
    /// 0 for a probe that nobody scheduled.
    std::chrono::nanoseconds interval{};
    std::chrono::nanoseconds timeout{};
    /// What the loop lost meanwhile (Turns).
    std::chrono::nanoseconds lost{};
    /// How long the machine slept meanwhile.
    std::chrono::nanoseconds suspended{};
};

/// A failure that may be our own becomes unknown, in phase "schedule":
///  - `suspended`: the machine slept while the probe ran;
///  - `stalled`: an answer that did not come in time, or a peer that hung up, while the loop did
///    not turn for a quarter of the timeout;
///  - `late`: the same of a probe that began more than its interval too late: the loop cannot keep
///    up.
/// What the target said, a refusal among it, is true whenever it was heard. Pure.
[[nodiscard]] Outcome doubt(Outcome outcome, const Circumstances& how);

}  // namespace pilotlight::probes

#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "app/terminal.h"
#include "probes/runner.h"

/// Where the time of a probe went. Pure.
namespace pilotlight::app {

struct ProbePhase {
    std::string name;
    std::chrono::nanoseconds took{};
};

/// As its metrics have them, which count every hop of a request; else as its evidence does. In
/// their order, without those that took no time.
[[nodiscard]] std::vector<ProbePhase> phases_of(const probes::ProbeRun& run);

/// A line each: name, milliseconds, and a bar from when it began to when it ended, all on the
/// scale of their sum; then what of `total` was in none of them, if that is much. Empty for none.
[[nodiscard]] std::string phases_drawn(const std::vector<ProbePhase>& phases,
                                       std::chrono::nanoseconds total, const Terminal& terminal);

}  // namespace pilotlight::app

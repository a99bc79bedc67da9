#pragma once

#include <cstdint>
#include <functional>

#include "core/time.h"
#include "probes/target.h"

namespace pilotlight::app {

struct WatchOptions {
    /// From one start to the next; a probe that takes longer delays the one after it.
    Duration interval{};
    /// The end comes after so many; 0 for never.
    std::uint64_t count = 0;
    /// One JSON object a line instead of a line for people.
    bool json = false;
};

/// Probes again and again until SIGINT, SIGTERM or the last of `count`, prints each, and at the
/// end, to standard error, how many there were. `prepare` makes the target anew for each. Returns
/// whether all were ok.
[[nodiscard]] bool watch_target(const std::function<probes::PreparedTarget()>& prepare,
                                const WatchOptions& options);

}  // namespace pilotlight::app

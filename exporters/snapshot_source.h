#pragma once

#include <functional>

#include "exporters/snapshot.h"

namespace pilotlight::exporters {

/// A source that calls `ask` no more often than every `interval`, however many clients there are:
/// meanwhile it gives what the last call brought. While one thread asks, others are given that too
/// instead of waiting; only before the first answer do they wait. What `ask` throws passes through
/// to the one that asked. Thread: any.
[[nodiscard]] std::function<SharedSnapshot()> at_most_every(
    Duration interval, std::function<SharedSnapshot()> ask,
    std::function<SteadyTime()> clock = steady_now);

}  // namespace pilotlight::exporters

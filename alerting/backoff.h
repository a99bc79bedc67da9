#pragma once

#include <cstdint>
#include <functional>

#include "core/time.h"

namespace pilotlight::alerting {

/// How long to wait after a failed attempt: doubling, capped, the upper half of it random, so that
/// those who failed together don't come back together.
struct BackoffOptions {
    Duration first = std::chrono::seconds(1);
    Duration cap = std::chrono::minutes(1);
    /// A Retry-After beyond this is not believed.
    Duration longest_asked = std::chrono::hours(1);
    /// From 0 to 1; null for a random source of its own.
    std::function<double()> jitter;
};

/// `failures` counts from 1.
[[nodiscard]] Duration backoff_after(int failures, const BackoffOptions& options);

}  // namespace pilotlight::alerting

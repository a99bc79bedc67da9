#pragma once

#include "core/time.h"
#include "series/store.h"

namespace pilotlight::fuzz {

/// Where expressions over the small store are evaluated: its newest samples are a moment old.
inline constexpr WallTime kNow{std::chrono::hours(24) + std::chrono::minutes(20)};

/// Twenty minutes of a few gauges, counters with resets, histogram buckets, gaps, NaN and stale
/// series, a sample a minute. Made once and never changed.
[[nodiscard]] const series::Store& small_store();

}  // namespace pilotlight::fuzz

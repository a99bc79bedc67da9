#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/error.h"

namespace pilotlight {

using Duration = std::chrono::milliseconds;
/// Stamps of samples and alerts: milliseconds since the Unix epoch, as Prometheus keeps them.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
/// Schedules and deadlines. Never stored, never compared across processes.
using SteadyTime = std::chrono::steady_clock::time_point;

/// Reads Prometheus's duration: `1h30m`, `15s`, `100ms`, `0`; units y w d h m s ms, each at most
/// once and in that order, integers only. Fails on anything else and beyond Prometheus's limit of
/// 292 years.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

/// The shortest form that parse_duration reads back: `1h30m`, `0s`.
[[nodiscard]] std::string format_duration(Duration duration);

/// RFC 3339 in UTC with milliseconds: `2026-01-02T03:04:05.678Z`.
[[nodiscard]] std::string format_time(WallTime time);

/// Reads RFC 3339: `2026-01-02T03:04:05.678Z`, also with an offset; digits beyond the millisecond
/// are dropped, a leap second is the next second. Fails on anything else.
[[nodiscard]] Result<WallTime> parse_time(std::string_view text);

[[nodiscard]] constexpr double to_seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}
[[nodiscard]] constexpr double to_unix_seconds(WallTime time) {
    return to_seconds(time.time_since_epoch());
}

/// The only clock reads that the program makes outside tests; decisions are given `now`.
[[nodiscard]] WallTime wall_now();
[[nodiscard]] SteadyTime steady_now();

}  // namespace pilotlight

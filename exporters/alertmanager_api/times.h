#pragma once

#include <optional>
#include <string_view>

#include "core/error.h"
#include "core/time.h"

namespace pilotlight::exporters::alertmanager_api {

/// RFC 3339. Nothing for Go's zero time (the year 1), which amtool sends for a time that was not
/// given.
[[nodiscard]] inline Result<std::optional<WallTime>> read_time(std::string_view text) {
    if (text.empty()) return std::optional<WallTime>();
    auto time = parse_time(text);
    if (!time) return std::unexpected(std::move(time.error()));
    constexpr WallTime kFirstYearEnds = std::chrono::sys_days(std::chrono::year(2) / 1 / 1);
    if (*time < kFirstYearEnds) return std::optional<WallTime>();
    return std::optional(*time);
}

}  // namespace pilotlight::exporters::alertmanager_api

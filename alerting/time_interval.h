#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/document.h"
#include "core/error.h"
#include "core/time.h"

namespace pilotlight::runtime {
class TimeZone;
}

namespace pilotlight::alerting {

/// Inclusive.
struct IntRange {
    int begin = 0;
    int end = 0;
};

/// Minutes of the day, the end not included.
struct MinuteRange {
    int begin = 0;
    int end = 0;
};

/// A recurring time, as Alertmanager's `time_intervals` describe it: it is in the interval when
/// every list that is not empty has a range that fits.
struct TimeInterval {
    std::vector<MinuteRange> times;
    /// 0 is Sunday.
    std::vector<IntRange> weekdays;
    /// 1 to 31, or -31 to -1 counted from the month's end.
    std::vector<IntRange> days_of_month;
    std::vector<IntRange> months;
    std::vector<IntRange> years;
    /// Null for UTC.
    std::shared_ptr<const runtime::TimeZone> zone;

    [[nodiscard]] bool contains(WallTime time) const;
};

/// Reads an entry of `time_intervals` of one named interval.
[[nodiscard]] TimeInterval read_time_interval(const Node& node, Errors& errors);

}  // namespace pilotlight::alerting

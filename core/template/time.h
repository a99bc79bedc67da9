#pragma once

#include <string>
#include <string_view>

#include "core/template/value.h"
#include "core/time.h"

/// Go's time.Time (always UTC) and time.Duration as values of templates.
namespace pilotlight::tmpl {

/// A time.Time with the methods Add, After, Before, Day, Equal, Format, Hour, IsZero, Minute,
/// Local (UTC too), Month, Nanosecond, Second, String, Sub, Unix, UnixMilli, UTC, Weekday, Year,
/// YearDay.
[[nodiscard]] Value time_value(WallTime at);
/// The same from nanoseconds since the epoch.
[[nodiscard]] Value time_value_ns(std::int64_t nanoseconds);
/// A time.Duration with the methods Hours, Microseconds, Milliseconds, Minutes, Nanoseconds,
/// Round, Seconds, String, Truncate.
[[nodiscard]] Value duration_value(std::int64_t nanoseconds);

/// Go's Time.Format: a layout written as "Mon Jan 2 15:04:05 MST 2006" would be, in UTC.
[[nodiscard]] std::string format_time_layout(std::int64_t nanoseconds, std::string_view layout);
/// Go's Duration.String: `1h2m3.5s`.
[[nodiscard]] std::string format_go_duration(std::int64_t nanoseconds);

}  // namespace pilotlight::tmpl

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/error.h"
#include "core/time.h"

namespace pilotlight::runtime {
class TimeZone;
}

namespace pilotlight::probes {

/// When a job is to run, as crontab(5) says it: five fields (minute, hour, day of the month, month,
/// day of the week), each a list of `*`, values and ranges, each with a `/step`; months and days of
/// the week by number or by their first three letters, Sunday as 0 or 7; `@hourly`, `@daily`,
/// `@midnight`, `@weekly`, `@monthly`, `@yearly` and `@annually`. Where neither of the two fields
/// of days begins with `*`, a day counts that fits either, as in every cron since Vixie's.
///
/// When clocks change: a time that is skipped counts at the change, one that comes twice counts
/// once, the first time. Where the field of hours begins with `*`, both count: the job goes on
/// through the hour that comes twice. Where it or the field of minutes does, a time that is skipped
/// does not count: cron makes up for a single run, not for one of many.
class CronSchedule {
  public:
    /// Fails on what is no such text, with what was expected, and on what no day ever fits.
    [[nodiscard]] static Result<CronSchedule> parse(std::string_view text);

    /// The first moment after `after`; nothing where none comes in forty years.
    [[nodiscard]] std::optional<WallTime> next(WallTime after, const runtime::TimeZone& zone) const;

    bool operator==(const CronSchedule&) const = default;

  private:
    CronSchedule() = default;
    [[nodiscard]] bool fits(std::chrono::sys_days day) const;
    [[nodiscard]] std::optional<WallTime> first_on(std::chrono::sys_days day, WallTime after,
                                                   const runtime::TimeZone& zone) const;

    /// A bit per value.
    std::uint64_t minutes_ = 0;
    std::uint64_t hours_ = 0;
    std::uint64_t days_ = 0;
    std::uint64_t months_ = 0;
    std::uint64_t weekdays_ = 0;
    bool both_days_ = false;
    bool any_hour_ = false;
    /// Whether a time that is skipped counts at the change.
    bool catches_up_ = false;
};

}  // namespace pilotlight::probes

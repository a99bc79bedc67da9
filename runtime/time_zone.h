#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/time.h"

namespace pilotlight::runtime {

/// A time zone of the system's database (RFC 8536 TZif files under /usr/share/zoneinfo, or
/// $ZONEINFO's folder). libstdc++ 12 has none.
class TimeZone {
  public:
    /// By IANA name, "Local" for the machine's own. Fails on unknown names and files it cannot
    /// read.
    [[nodiscard]] static Result<std::shared_ptr<const TimeZone>> load(const std::string& name);
    /// From the bytes of a TZif file.
    [[nodiscard]] static Result<std::shared_ptr<const TimeZone>> parse(std::string_view bytes);

    /// What to add to UTC at that moment.
    [[nodiscard]] std::chrono::seconds offset_at(WallTime time) const;

  private:
    struct Transition {
        std::int64_t at;
        std::int32_t offset;
    };
    /// A day on which daylight saving time begins or ends, from the file's POSIX TZ footer.
    struct RuleDate {
        enum class Kind { month_week_day, julian, zero_based } kind = Kind::month_week_day;
        int month = 0;
        int week = 0;
        int day = 0;
        std::int32_t seconds = 7'200;
    };
    struct Footer {
        std::int32_t standard_offset = 0;
        std::int32_t daylight_offset = 0;
        bool has_daylight = false;
        RuleDate begin;
        RuleDate end;
    };

    static bool parse_footer(std::string_view text, Footer& footer);
    [[nodiscard]] std::int32_t footer_offset(std::int64_t time) const;
    static std::int64_t moment_of(const RuleDate& date, int year);

    std::vector<Transition> transitions_;
    std::int32_t first_offset_ = 0;
    bool has_footer_ = false;
    Footer footer_;
};

}  // namespace pilotlight::runtime

#include "core/time.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <limits>
#include <optional>

namespace pilotlight {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t milliseconds;
};

constexpr std::array<Unit, 7> kUnits{{{"y", 31'536'000'000},
                                      {"w", 604'800'000},
                                      {"d", 86'400'000},
                                      {"h", 3'600'000},
                                      {"m", 60'000},
                                      {"s", 1'000},
                                      {"ms", 1}}};

/// Prometheus keeps durations as 64 bits of nanoseconds: 292 years.
constexpr std::int64_t kDurationMax = 9'223'372'036'854;

Result<Duration> not_a_duration(std::string_view text) {
    return fail(
        fmt::format("not a valid duration: \"{}\", expected a form such as 1h30m, 15s or "
                    "100ms",
                    text));
}

/// Takes an RFC 3339 time apart from the left.
class TimeText {
  public:
    explicit TimeText(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool at_end() const { return rest_.empty(); }

    /// The next character where it is one of `set`, else NUL and nothing is read.
    char one_of(std::string_view set) {
        if (rest_.empty() || set.find(rest_.front()) == set.npos) return '\0';
        const char found = rest_.front();
        rest_.remove_prefix(1);
        return found;
    }

    std::optional<int> digits(std::size_t count) {
        if (rest_.size() < count) return std::nullopt;
        int value = 0;
        for (const char c : rest_.substr(0, count)) {
            if (c < '0' || c > '9') return std::nullopt;
            value = value * 10 + (c - '0');
        }
        rest_.remove_prefix(count);
        return value;
    }

    /// A fraction of a second, where there is one.
    std::optional<int> milliseconds() {
        if (one_of(".") == '\0') return 0;
        int value = 0;
        int scale = 100;
        bool any = false;
        while (const auto digit = digits(1)) {
            any = true;
            value += *digit * scale;
            scale /= 10;
        }
        if (!any) return std::nullopt;
        return value;
    }

    /// `Z`, or how far ahead of UTC.
    std::optional<std::chrono::minutes> offset() {
        if (one_of("Zz") != '\0') return std::chrono::minutes(0);
        const char sign = one_of("+-");
        const auto hours = digits(2);
        const bool marked = one_of(":") != '\0';
        const auto minutes = digits(2);
        if (sign == '\0' || !marked || hours.value_or(99) > 23 || minutes.value_or(99) > 59) {
            return std::nullopt;
        }
        const std::chrono::minutes ahead(*hours * 60 + *minutes);
        return sign == '-' ? -ahead : ahead;
    }

  private:
    std::string_view rest_;
};

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
    if (text == "0") return Duration{0};
    if (text.empty()) return not_a_duration(text);
    std::int64_t total = 0;
    std::size_t next_unit = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        std::int64_t number = 0;
        const std::size_t digits = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
            if (number > std::numeric_limits<std::int64_t>::max() / 10 - 1) {
                return fail(fmt::format("duration out of range: \"{}\"", text));
            }
            number = number * 10 + (text[at++] - '0');
        }
        if (at == digits) return not_a_duration(text);
        const std::size_t letters = at;
        while (at < text.size() && (text[at] < '0' || text[at] > '9'))
            ++at;
        const std::string_view name = text.substr(letters, at - letters);
        while (next_unit < kUnits.size() && kUnits[next_unit].name != name)
            ++next_unit;
        if (next_unit == kUnits.size()) return not_a_duration(text);
        std::int64_t part = 0;
        if (__builtin_mul_overflow(number, kUnits[next_unit].milliseconds, &part) ||
            __builtin_add_overflow(total, part, &total) || total > kDurationMax) {
            return fail(fmt::format("duration out of range: \"{}\"", text));
        }
        ++next_unit;
    }
    return Duration{total};
}

std::string format_duration(Duration duration) {
    std::int64_t rest = duration.count();
    if (rest == 0) return "0s";
    std::string text;
    if (rest < 0) {
        text = "-";
        rest = -rest;
    }
    for (const Unit& unit : kUnits) {
        // Prometheus prints years, weeks and days only where nothing is left over.
        const bool exact_only = unit.name == "y" || unit.name == "w";
        if (rest < unit.milliseconds || (exact_only && rest % unit.milliseconds != 0)) continue;
        text += fmt::format("{}{}", rest / unit.milliseconds, unit.name);
        rest %= unit.milliseconds;
    }
    return text;
}

std::string format_time(WallTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", int(date.year()),
                       unsigned(date.month()), unsigned(date.day()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

Result<WallTime> parse_time(std::string_view text) {
    TimeText rest(text);
    const auto year = rest.digits(4);
    const bool date_marks = rest.one_of("-") != '\0';
    const auto month = rest.digits(2);
    const bool date_ends = rest.one_of("-") != '\0';
    const auto day = rest.digits(2);
    const bool has_time = rest.one_of("Tt ") != '\0';
    const auto hour = rest.digits(2);
    const bool hour_ends = rest.one_of(":") != '\0';
    const auto minute = rest.digits(2);
    const bool minute_ends = rest.one_of(":") != '\0';
    const auto second = rest.digits(2);
    const auto fraction = rest.milliseconds();
    const auto offset = rest.offset();
    const bool shaped = date_marks && date_ends && has_time && hour_ends && minute_ends;
    const std::chrono::year_month_day date{std::chrono::year(year.value_or(0)),
                                           std::chrono::month(unsigned(month.value_or(0))),
                                           std::chrono::day(unsigned(day.value_or(0)))};
    const bool whole = shaped && year && date.ok() && hour.value_or(99) < 24 &&
                       minute.value_or(99) < 60 && second.value_or(99) <= 60 && fraction && offset;
    if (!whole || !rest.at_end()) {
        return fail(fmt::format("not an RFC 3339 time: \"{}\"", text));
    }
    return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
           std::chrono::minutes(*minute) + std::chrono::seconds(*second) + Duration(*fraction) -
           *offset;
}

WallTime wall_now() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

SteadyTime steady_now() {
    return std::chrono::steady_clock::now();
}

}  // namespace pilotlight

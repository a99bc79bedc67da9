#include "core/time.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <limits>

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

Result<Duration> not_a_duration(std::string_view text) {
    return fail(fmt::format("not a valid duration: \"{}\", expected a form such as 1h30m, 15s or "
                            "100ms",
                            text));
}

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
        while (at < text.size() && (text[at] < '0' || text[at] > '9')) ++at;
        const std::string_view name = text.substr(letters, at - letters);
        while (next_unit < kUnits.size() && kUnits[next_unit].name != name) ++next_unit;
        if (next_unit == kUnits.size()) return not_a_duration(text);
        std::int64_t part = 0;
        if (__builtin_mul_overflow(number, kUnits[next_unit].milliseconds, &part) ||
            __builtin_add_overflow(total, part, &total)) {
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

WallTime wall_now() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

SteadyTime steady_now() {
    return std::chrono::steady_clock::now();
}

}  // namespace pilotlight

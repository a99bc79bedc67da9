#include "probes/cron.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string>
#include <vector>

#include "runtime/time_zone.h"

namespace pilotlight::probes {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr std::size_t kTextMax = 200;
/// February 29th on one day of the week comes every 28 years, and once after 40.
constexpr days kHorizon{366 * 41};

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays{"sun", "mon", "tue", "wed",
                                                    "thu", "fri", "sat"};

struct FieldRule {
    std::string_view what;
    int lowest = 0;
    int highest = 0;
    std::span<const std::string_view> names = {};
};
constexpr FieldRule kFields[] = {{"minute", 0, 59},
                                 {"hour", 0, 23},
                                 {"day of the month", 1, 31},
                                 {"month", 1, 12, kMonths},
                                 {"day of the week", 0, 7, kWeekdays}};
constexpr std::size_t kFieldCount = std::size(kFields);
constexpr int kSunday = 7;

struct Shorthand {
    std::string_view name;
    std::string_view fields;
};
constexpr Shorthand kShorthands[] = {
    {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},   {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
};

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators,
                                    bool keep_empty) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = text.find_first_of(separators);
        const std::string_view part = text.substr(0, end);
        if (keep_empty || !part.empty()) parts.push_back(part);
        if (end == text.npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::optional<int> number(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole && value >= 0 ? std::optional(value) : std::nullopt;
}

std::optional<int> value_of(std::string_view text, const FieldRule& rule) {
    const auto* const named = std::ranges::find_if(
        rule.names.data(), rule.names.data() + rule.names.size(),
        [&](std::string_view name) { return std::ranges::equal(name, text, {}, {}, lower); });
    if (named != rule.names.data() + rule.names.size()) {
        return rule.lowest + static_cast<int>(named - rule.names.data());
    }
    const auto value = number(text);
    return value && *value >= rule.lowest && *value <= rule.highest ? value : std::nullopt;
}

std::unexpected<Error> wrong(const FieldRule& rule, std::string_view text) {
    const std::string_view names = rule.names.empty() ? "" : " or a name of three letters";
    return fail(
        fmt::format("the {} \"{}\" of a cron expression is wrong, expected `*`, {} to {}{}, "
                    "ranges, steps and lists of them",
                    rule.what, text, rule.lowest, rule.highest, names));
}

/// One item of a list: `*`, `5`, `1-5`, each perhaps with `/2`; `5/2` is `5-59/2`.
Result<std::uint64_t> read_item(std::string_view item, const FieldRule& rule) {
    const std::size_t slash = item.find('/');
    const std::string_view range = item.substr(0, slash);
    const auto step = slash == item.npos ? 1 : number(item.substr(slash + 1)).value_or(0);
    if (step < 1) return wrong(rule, item);
    // Sunday is the highest day only by its number.
    const int highest = rule.highest == kSunday ? kSunday - 1 : rule.highest;
    int first = rule.lowest;
    int last = highest;
    if (range != "*") {
        const std::size_t dash = range.find('-');
        const auto begin = value_of(range.substr(0, dash), rule);
        if (!begin) return wrong(rule, item);
        first = *begin;
        if (dash != range.npos) {
            const auto end = value_of(range.substr(dash + 1), rule);
            if (!end) return wrong(rule, item);
            last = *end;
            if (rule.highest == kSunday && last == 0 && first > 0) last = kSunday;
        } else if (slash == item.npos) {
            last = first;
        }
        if (first == kSunday && last < kSunday) first = 0;
        if (last < first) {
            return fail(
                fmt::format("the {} \"{}\" of a cron expression runs backwards, expected "
                            "the lower end first",
                            rule.what, item));
        }
    }
    std::uint64_t bits = 0;
    for (std::int64_t value = first; value <= last; value += step)
        bits |= std::uint64_t{1} << (rule.highest == kSunday ? value % kSunday : value);
    return bits;
}

Result<std::uint64_t> read_field(std::string_view text, const FieldRule& rule) {
    std::uint64_t bits = 0;
    for (const std::string_view item : split(text, ",", true)) {
        const auto read = read_item(item, rule);
        if (!read) return read;
        bits |= *read;
    }
    return bits;
}

bool has(std::uint64_t bits, unsigned value) {
    return (bits >> value & 1U) != 0;
}

/// Seconds that the zone's clocks are ahead of UTC.
seconds offset(const runtime::TimeZone& zone, sys_seconds at) {
    return zone.offset_at(at);
}

/// When clocks show `local` (a reading of the wall, as if it were UTC): once as a rule, twice where
/// they are set back over it, at the change where they are set forward over it.
struct Moments {
    sys_seconds first;
    std::optional<sys_seconds> second;
    bool is_skipped = false;
};

Moments moments_of(sys_seconds local, const runtime::TimeZone& zone) {
    const seconds before = offset(zone, local - days(1));
    const seconds after = offset(zone, local + days(1));
    const sys_seconds by_before = local - before;
    const sys_seconds by_after = local - after;
    const bool fits_before = offset(zone, by_before) == before;
    const bool fits_after = offset(zone, by_after) == after;
    if (fits_before && fits_after && before != after) {
        return {.first = std::min(by_before, by_after), .second = std::max(by_before, by_after)};
    }
    if (fits_before) return {.first = by_before, .second = std::nullopt};
    if (fits_after) return {.first = by_after, .second = std::nullopt};
    // Skipped: the change lies in between.
    sys_seconds still = std::min(by_before, by_after);
    sys_seconds changed = std::max(by_before, by_after);
    const seconds old = offset(zone, still);
    while (changed - still > seconds(1)) {
        const sys_seconds middle = still + (changed - still) / 2;
        (offset(zone, middle) == old ? still : changed) = middle;
    }
    return {.first = changed, .second = std::nullopt, .is_skipped = true};
}

}  // namespace

Result<CronSchedule> CronSchedule::parse(std::string_view text) {
    const auto bad = [&](std::string_view got) {
        return fail(
            fmt::format("expected a cron expression of five fields, such as "
                        "\"0 3 * * *\", or one of @hourly, @daily, @weekly, @monthly, "
                        "@yearly, got {}",
                        got));
    };
    if (text.size() > kTextMax) return bad("a text that is too long");
    std::vector<std::string_view> fields = split(text, " \t", false);
    if (fields.size() == 1 && fields[0].starts_with('@')) {
        const auto* const found = std::ranges::find_if(kShorthands, [&](const Shorthand& each) {
            return std::ranges::equal(each.name, fields[0], {}, {}, lower);
        });
        if (found == std::end(kShorthands)) return bad(fmt::format("\"{}\"", fields[0]));
        fields = split(found->fields, " ", false);
    }
    if (fields.size() != kFieldCount) return bad(fmt::format("{} fields", fields.size()));
    CronSchedule schedule;
    std::uint64_t* const into[] = {&schedule.minutes_, &schedule.hours_, &schedule.days_,
                                   &schedule.months_, &schedule.weekdays_};
    for (std::size_t i = 0; i < kFieldCount; ++i) {
        const auto bits = read_field(fields[i], kFields[i]);
        if (!bits) return std::unexpected(bits.error());
        *into[i] = *bits;
    }
    schedule.any_hour_ = fields[1].starts_with('*');
    schedule.catches_up_ = !schedule.any_hour_ && !fields[0].starts_with('*');
    schedule.both_days_ = fields[2].starts_with('*') || fields[4].starts_with('*');
    if (!schedule.next(sys_days(std::chrono::year(2000) / 1 / 1), runtime::TimeZone())) {
        return fail(fmt::format("no day ever fits the cron expression \"{}\"", text));
    }
    return schedule;
}

bool CronSchedule::fits(sys_days day) const {
    const std::chrono::year_month_day date(day);
    if (!has(months_, unsigned(date.month()))) return false;
    const bool by_day = has(days_, unsigned(date.day()));
    const bool by_weekday = has(weekdays_, std::chrono::weekday(day).c_encoding());
    return both_days_ ? by_day && by_weekday : by_day || by_weekday;
}

std::optional<WallTime> CronSchedule::first_on(sys_days day, WallTime after,
                                               const runtime::TimeZone& zone) const {
    std::optional<WallTime> first;
    // Where clocks are not set around this day, its times come in the order of the clock.
    const seconds usual = offset(zone, sys_seconds(day) - days(2));
    const bool in_order = usual == offset(zone, sys_seconds(day) + days(3));
    for (unsigned hour = 0; hour < 24; ++hour) {
        if (!has(hours_, hour)) continue;
        for (unsigned minute = 0; minute < 60; ++minute) {
            if (!has(minutes_, minute)) continue;
            const sys_seconds local = day + std::chrono::hours(hour) + std::chrono::minutes(minute);
            const Moments moments = in_order
                                        ? Moments{.first = local - usual, .second = std::nullopt}
                                        : moments_of(local, zone);
            const auto consider = [&](WallTime at) {
                if (at > after && (!first || at < *first)) first = at;
            };
            if (catches_up_ || !moments.is_skipped) consider(moments.first);
            if (any_hour_ && moments.second) consider(*moments.second);
            if (in_order && first) return first;
        }
    }
    return first;
}

std::optional<WallTime> CronSchedule::next(WallTime after, const runtime::TimeZone& zone) const {
    const sys_days begin = std::chrono::floor<days>(
        after + std::chrono::duration_cast<Duration>(zone.offset_at(after)));
    for (sys_days day = begin - days(1); day < begin + kHorizon; day += days(1)) {
        if (!fits(day)) continue;
        auto found = first_on(day, after, zone);
        if (!found) continue;
        // Set back over midnight, a day's last hour may come after the next day's first.
        if (fits(day + days(1))) {
            const auto later = first_on(day + days(1), after, zone);
            if (later && *later < *found) found = later;
        }
        return found;
    }
    return std::nullopt;
}

}  // namespace pilotlight::probes

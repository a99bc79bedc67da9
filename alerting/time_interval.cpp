#include "alerting/time_interval.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/options.h"
#include "runtime/time_zone.h"

/// Source: Alertmanager's timeinterval package.
namespace pilotlight::alerting {
namespace {

constexpr std::string_view kWeekdays[] = {"sunday",   "monday", "tuesday", "wednesday",
                                          "thursday", "friday", "saturday"};
constexpr std::string_view kMonths[] = {"january",   "february", "march",    "april",
                                        "may",       "june",     "july",     "august",
                                        "september", "october",  "november", "december"};

std::string lower(std::string_view text) {
    std::string word(text);
    for (char& c : word) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return word;
}

/// What one list of ranges may hold.
struct RangeRule {
    std::string_view what;
    int min = 0;
    int max = 0;
    std::span<const std::string_view> names;
    /// The value of names[0].
    int first_name = 0;
    bool from_end = false;
};

std::optional<int> read_bound(std::string_view text, const RangeRule& rule) {
    const std::string word = lower(text);
    for (std::size_t i = 0; i < rule.names.size(); ++i) {
        if (word == rule.names[i]) return static_cast<int>(i) + rule.first_name;
    }
    int number = 0;
    const char* end = word.data() + word.size();
    const auto parsed = std::from_chars(word.data(), end, number);
    if (word.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    const bool counted_from_end = rule.from_end && number >= -rule.max && number <= -rule.min;
    if (!counted_from_end && (number < rule.min || number > rule.max)) return std::nullopt;
    return number;
}

std::optional<IntRange> read_range(std::string_view text, const RangeRule& rule) {
    const std::size_t colon = text.find(':');
    const auto begin = read_bound(text.substr(0, colon), rule);
    const auto end =
        colon == std::string_view::npos ? begin : read_bound(text.substr(colon + 1), rule);
    if (!begin || !end) return std::nullopt;
    // 25:-1 runs to the month's end; 1:-31 or -1:-5 run backwards.
    const bool backwards = (*begin < 0) == (*end < 0) ? *begin > *end : *begin < 0;
    if (backwards) return std::nullopt;
    return IntRange{*begin, *end};
}

void read_ranges(const Node& node, const RangeRule& rule, std::vector<IntRange>& out,
                 Errors& errors) {
    if (!node.is_sequence()) {
        errors.push_back(node.error(fmt::format("expected a list of {}", rule.what)));
        return;
    }
    for (const Node& item : node.items) {
        const auto range = item.is_scalar() ? read_range(item.scalar, rule) : std::nullopt;
        if (range) {
            out.push_back(*range);
        } else {
            errors.push_back(item.error(fmt::format(
                "expected {} or a range BEGIN:END of them, got {}", rule.what, item.shown())));
        }
    }
}

/// `HH:MM`, 24:00 included.
std::optional<int> read_minute(const Node* node) {
    if (node == nullptr || !node->is_scalar()) return std::nullopt;
    const std::string_view text = node->scalar;
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    int hour = 0;
    int minute = 0;
    const auto first = std::from_chars(text.data(), text.data() + 2, hour);
    const auto second = std::from_chars(text.data() + 3, text.data() + 5, minute);
    if (first.ptr != text.data() + 2 || second.ptr != text.data() + 5) return std::nullopt;
    if (hour < 0 || minute < 0 || minute > 59 || hour > 24 || (hour == 24 && minute > 0)) {
        return std::nullopt;
    }
    return hour * 60 + minute;
}

void read_times(const Node& node, std::vector<MinuteRange>& out, Errors& errors) {
    if (!node.is_sequence()) {
        errors.push_back(node.error("expected a list of start_time and end_time"));
        return;
    }
    for (const Node& item : node.items) {
        config::check_keys(item, {"start_time", "end_time"}, errors);
        const auto begin = read_minute(item.find("start_time"));
        const auto end = read_minute(item.find("end_time"));
        if (!begin || !end || *begin >= *end) {
            errors.push_back(
                item.error("expected start_time before end_time, each as HH:MM up to "
                           "24:00"));
            continue;
        }
        out.push_back({*begin, *end});
    }
}

bool fits(const std::vector<IntRange>& ranges, int value) {
    return ranges.empty() || std::ranges::any_of(ranges, [&](const IntRange& range) {
               return value >= range.begin && value <= range.end;
           });
}

/// Days counted from the month's end are turned, and cut to the month.
bool fits_day(const std::vector<IntRange>& ranges, int day, int days_in_month) {
    return ranges.empty() || std::ranges::any_of(ranges, [&](const IntRange& range) {
               const int begin = range.begin < 0 ? days_in_month + range.begin + 1 : range.begin;
               const int end = range.end < 0 ? days_in_month + range.end + 1 : range.end;
               return day >= begin && day <= end;
           });
}

}  // namespace

bool TimeInterval::contains(WallTime time) const {
    using namespace std::chrono;
    const WallTime local = zone == nullptr ? time : time + zone->offset_at(time);
    const auto day = floor<std::chrono::days>(local);
    const year_month_day date{day};
    const int minute = static_cast<int>(duration_cast<minutes>(local - day).count());
    if (!times.empty() && std::ranges::none_of(times, [&](const MinuteRange& range) {
            return minute >= range.begin && minute < range.end;
        })) {
        return false;
    }
    const int days_in_month = static_cast<int>(unsigned((date.year() / date.month() / last).day()));
    return fits_day(days_of_month, static_cast<int>(unsigned(date.day())), days_in_month) &&
           fits(months, static_cast<int>(unsigned(date.month()))) &&
           fits(weekdays, static_cast<int>(weekday(day).c_encoding())) &&
           fits(years, int(date.year()));
}

TimeInterval read_time_interval(const Node& node, Errors& errors) {
    constexpr RangeRule kWeekdayRule{"days of the week by name", 0, -1, kWeekdays, 0, false};
    constexpr RangeRule kDayRule{
        "days 1 to 31, or -1 to -31 from the month's end", 1, 31, {}, 0, true};
    constexpr RangeRule kMonthRule{"months by name or 1 to 12", 1, 12, kMonths, 1, false};
    constexpr RangeRule kYearRule{"years", 0, 9999, {}, 0, false};
    config::check_keys(node, {"times", "weekdays", "days_of_month", "months", "years", "location"},
                       errors);
    TimeInterval interval;
    for (const Node::Entry& entry : node.entries) {
        if (entry.value.is_null()) continue;
        if (entry.key == "times") read_times(entry.value, interval.times, errors);
        if (entry.key == "weekdays") {
            read_ranges(entry.value, kWeekdayRule, interval.weekdays, errors);
        }
        if (entry.key == "days_of_month") {
            read_ranges(entry.value, kDayRule, interval.days_of_month, errors);
        }
        if (entry.key == "months") read_ranges(entry.value, kMonthRule, interval.months, errors);
        if (entry.key == "years") read_ranges(entry.value, kYearRule, interval.years, errors);
        if (entry.key == "location") {
            auto zone = runtime::TimeZone::load(entry.value.scalar);
            if (zone) {
                interval.zone = std::move(*zone);
            } else {
                errors.push_back(entry.value.error(zone.error().message));
            }
        }
    }
    return interval;
}

}  // namespace pilotlight::alerting

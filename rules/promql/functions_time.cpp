#include <cstdint>
#include <limits>

#include "rules/promql/evaluator.h"

// Clocks and calendars, in UTC.
namespace pilotlight::promql {
namespace {

constexpr std::uint64_t kDaySeconds = 86'400;

struct Date {
    std::int64_t year = 1970;
    int month = 1;
    int day = 1;
};

std::int64_t floor_divide(std::int64_t value, std::int64_t by) {
    return value >= 0 ? value / by : -((-value + by - 1) / by);
}

/// The proleptic Gregorian date, for any year: std::chrono ends at 32767. The calendar is taken
/// in eras of 400 years, with years that begin in March.
Date date_of(std::int64_t days_since_epoch) {
    constexpr std::int64_t kEraDays = 146'097;
    constexpr std::int64_t kEpochDay = 719'468;
    const std::int64_t days = days_since_epoch + kEpochDay;
    const std::int64_t era = floor_divide(days, kEraDays);
    const std::int64_t day = days - era * kEraDays;
    const std::int64_t year = (day - day / 1'460 + day / 36'524 - day / 146'096) / 365;
    const std::int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
    const std::int64_t month = (5 * day_of_year + 2) / 153;
    Date date;
    date.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
    date.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
    date.year = year + era * 400 + (date.month <= 2 ? 1 : 0);
    return date;
}

bool is_leap(std::int64_t year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int days_in(std::int64_t year, int month) {
    constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : kDays[month - 1];
}

/// Seconds since the first day that Go's time knows, in the year -292277022399. What is no time at
/// all (NaN, too large) becomes the least integer and wraps, as it does there.
std::uint64_t absolute_seconds(double seconds) {
    constexpr std::uint64_t kEpoch = 9'223'372'028'715'321'600U;
    constexpr double kBound = 9223372036854775808.0;
    const bool fits = seconds >= -kBound && seconds < kBound;
    const std::int64_t whole =
        fits ? static_cast<std::int64_t>(seconds) : std::numeric_limits<std::int64_t>::min();
    return static_cast<std::uint64_t>(whole) + kEpoch;
}

std::int64_t day_number(double seconds) {
    constexpr std::int64_t kEpochDay = 106751991073094;
    return static_cast<std::int64_t>(absolute_seconds(seconds) / kDaySeconds) - kEpochDay;
}
std::int64_t second_of_day(double seconds) {
    return static_cast<std::int64_t>(absolute_seconds(seconds) % kDaySeconds);
}

double minute(double t) {
    return static_cast<double>(second_of_day(t) / 60 % 60);
}
double hour(double t) {
    const auto hours = second_of_day(t) / 3600;
    return static_cast<double>(hours);
}
double day_of_week(double t) {
    // The epoch was a Thursday.
    const std::int64_t day = day_number(t) + 4;
    return static_cast<double>(day - floor_divide(day, 7) * 7);
}
double day_of_month(double t) {
    return date_of(day_number(t)).day;
}
double day_of_year(double t) {
    const Date date = date_of(day_number(t));
    int day = date.day;
    for (int month = 1; month < date.month; ++month)
        day += days_in(date.year, month);
    return day;
}
double days_in_month(double t) {
    const Date date = date_of(day_number(t));
    return days_in(date.year, date.month);
}
double month(double t) {
    return date_of(day_number(t)).month;
}
double year(double t) {
    return static_cast<double>(date_of(day_number(t)).year);
}

template <double (*kPart)(double)>
Items date_part(Frame& frame) {
    if (frame.size() == 0) return {{{}, kPart(to_unix_seconds(frame.at()))}};
    return frame.map_values(0, kPart);
}

double time(Frame& frame) {
    return to_unix_seconds(frame.at());
}

Items timestamp(Frame& frame) {
    Evaluator& evaluator = frame.evaluator();
    const auto* selector = std::get_if<VectorSelector>(&unwrap(frame.argument(0)).node);
    if (selector == nullptr) {
        return frame.map_values(0, [&](double) { return to_unix_seconds(frame.at()); });
    }
    // Only of a selector is it the sample's own time.
    Items items;
    const WallTime ref = evaluator.shifted(selector->shift, frame.at());
    const auto series_found = evaluator.selected(*selector);
    if (!evaluator.count(series_found.size())) return {};
    for (const series::Series* series : series_found) {
        const auto point = evaluator.valid_at(*series, ref);
        if (!point) continue;
        items.push_back({series->labels(), to_unix_seconds(point->at), false, series});
        evaluator.drop_name(items.back());
    }
    return items;
}

double query_start(Frame& frame) {
    return to_unix_seconds(frame.evaluator().query_start());
}
double query_end(Frame& frame) {
    return to_unix_seconds(frame.evaluator().query_end());
}
double query_step(Frame& frame) {
    return to_seconds(frame.evaluator().query_step());
}
double query_range(Frame& frame) {
    return to_seconds(frame.evaluator().query_end() - frame.evaluator().query_start());
}

constexpr Function date_function(std::string_view name, Items (*function)(Frame&)) {
    return {.name = name, .arguments = {ValueType::vector}, .variadic = 1, .vector = function};
}

constexpr Function query_function(std::string_view name, double (*function)(Frame&)) {
    return {.name = name,
            .arguments = {},
            .returns = ValueType::scalar,
            .scalar = function,
            .since = Function::Since::from_3};
}

constexpr Function kFunctions[] = {
    date_function("minute", date_part<minute>),
    date_function("hour", date_part<hour>),
    date_function("day_of_week", date_part<day_of_week>),
    date_function("day_of_month", date_part<day_of_month>),
    date_function("day_of_year", date_part<day_of_year>),
    date_function("days_in_month", date_part<days_in_month>),
    date_function("month", date_part<month>),
    date_function("year", date_part<year>),
    {.name = "time", .arguments = {}, .returns = ValueType::scalar, .scalar = time},
    {.name = "timestamp", .arguments = {ValueType::vector}, .vector = timestamp},
    query_function("start", query_start),
    query_function("end", query_end),
    query_function("step", query_step),
    query_function("range", query_range),
};

}  // namespace

std::span<const Function> time_functions() {
    return kFunctions;
}

}  // namespace pilotlight::promql

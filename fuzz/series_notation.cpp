// What unit tests of rules write: the names and the values of series; and durations and times.
#include "rules/promql/series_notation.h"

#include "core/check.h"
#include "core/time.h"

namespace pilotlight::fuzz {

void series_notation(std::string_view input) {
    for (const auto compatibility :
         {promql::Compatibility::prometheus2, promql::Compatibility::prometheus3}) {
        const auto labels = promql::parse_series(input, {.compatibility = compatibility});
        if (!labels) PILOT_CHECK(labels.error().offset <= input.size());
        const auto selector = promql::parse_selector(input, {.compatibility = compatibility});
        if (!selector) PILOT_CHECK(selector.error().offset <= input.size());
    }
    constexpr std::size_t kValues = 10'000;
    const auto values = promql::parse_series_values(input, kValues);
    if (values) {
        PILOT_CHECK(values->size() <= kValues);
    } else {
        PILOT_CHECK(values.error().offset <= input.size());
    }
    if (const auto duration = parse_duration(input)) {
        PILOT_CHECK(parse_duration(format_duration(*duration)) == duration);
    }
    if (const auto time = parse_time(input)) PILOT_CHECK(parse_time(format_time(*time)) == time);
}

}  // namespace pilotlight::fuzz

#include "tests/promql/sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <vector>

#include "rules/promql/parser.h"
#include "rules/promql/printer.h"
#include "rules/promql/series_notation.h"

namespace pilotlight::promql {
namespace {

std::string print_points(const MatrixSeries& series) {
    std::string text = series.labels.to_string();
    for (const series::Point& point : series.points) {
        text += fmt::format(" {}@{}", format_float(point.value),
                            format_float(to_unix_seconds(point.at)));
    }
    return text;
}

}  // namespace

Sheet::Sheet(std::string_view interval, Compatibility compatibility)
    : store({.retention = series::Retention::forever()}), interval_(*parse_duration(interval)) {
    options.compatibility = compatibility;
}

Sheet& Sheet::load(std::string_view series, std::string_view values) {
    const auto labels = parse_series(series, {.compatibility = options.compatibility});
    const auto steps = parse_series_values(values);
    BOOST_REQUIRE(labels.has_value());
    BOOST_REQUIRE(steps.has_value());
    WallTime at{};
    for (const SeriesValue& value : *steps) {
        if (value) store.append(*labels, at, *value);
        at += interval_;
    }
    return *this;
}

Result<Value> Sheet::value(std::string_view expr, std::string_view at) const {
    const auto parsed = parse(expr, {.compatibility = options.compatibility});
    if (!parsed) return std::unexpected(Error(describe(parsed.error(), expr)));
    EvalOptions used = options;
    used.at = WallTime(*parse_duration(at));
    return evaluate(**parsed, store, used);
}

std::string Sheet::print(const Result<Value>& value, bool sorted) const {
    if (!value) return "error: " + value.error().message;
    if (const auto* scalar = std::get_if<Scalar>(&*value)) return format_float(scalar->value);
    if (const auto* string = std::get_if<String>(&*value)) return '"' + string->value + '"';
    std::vector<std::string> texts;
    if (const auto* matrix = std::get_if<Matrix>(&*value)) {
        for (const MatrixSeries& series : *matrix)
            texts.push_back(print_points(series));
    } else {
        for (const VectorSample& sample : std::get<Vector>(*value)) {
            texts.push_back(sample.labels.to_string() + " " + format_float(sample.value));
        }
    }
    if (sorted) std::ranges::sort(texts);
    return fmt::format("{}", fmt::join(texts, "; "));
}

std::string Sheet::eval(std::string_view expr, std::string_view at) const {
    return print(value(expr, at), true);
}

std::string Sheet::eval_ordered(std::string_view expr, std::string_view at) const {
    return print(value(expr, at), false);
}

std::string Sheet::eval_range(std::string_view expr, std::string_view start, std::string_view end,
                              std::string_view step) const {
    const auto parsed = parse(expr, {.compatibility = options.compatibility});
    if (!parsed) return "error: " + describe(parsed.error(), expr);
    auto matrix = evaluate_range(**parsed, store, WallTime(*parse_duration(start)),
                                 WallTime(*parse_duration(end)), *parse_duration(step), options);
    if (!matrix) return "error: " + matrix.error().message;
    return print(Value(std::move(*matrix)), true);
}

}  // namespace pilotlight::promql

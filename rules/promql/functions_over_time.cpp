#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "rules/promql/evaluator.h"
#include "rules/promql/printer.h"
#include "rules/promql/statistics.h"

// One value out of a series' samples in a range. Source: Prometheus's promql/functions.
namespace pilotlight::promql {
namespace {

using series::Point;
using Points = std::span<const Point>;

template <double (*kReduce)(Points)>
Items reduce(Frame& frame) {
    return frame.map_ranges(
        0, [](const Window& window) -> std::optional<double> { return kReduce(window.points); });
}

template <double (*kReduce)(Points)>
Items reduce_keeping_name(Frame& frame) {
    return frame.map_ranges(
        0, [](const Window& window) -> std::optional<double> { return kReduce(window.points); },
        true);
}

std::vector<double> values_of(Points points) {
    std::vector<double> values;
    values.reserve(points.size());
    for (const Point& point : points)
        values.push_back(point.value);
    return values;
}

double sum(Points points) {
    KahanSum total;
    for (const Point& point : points)
        total.add(point.value);
    return total.total();
}

Items average(Frame& frame) {
    const bool is_3 = frame.evaluator().is_3();
    return frame.map_ranges(0, [&](const Window& window) -> std::optional<double> {
        if (is_3) {
            Mean mean;
            for (const Point& point : window.points)
                mean.add(point.value);
            return mean.value();
        }
        CompensatedMean mean;
        for (const Point& point : window.points)
            mean.add(point.value);
        return mean.value();
    });
}

/// The first point that takes the place of all before it and of none behind; NaN only where there
/// is nothing else. Whether equals do so tells first from last, and 0 from -0.
template <class Replaces>
const Point& extreme(Points points, Replaces replaces) {
    const Point* best = &points[0];
    for (const Point& point : points) {
        if (replaces(point.value, best->value) || std::isnan(best->value)) best = &point;
    }
    return *best;
}

double least(Points points) {
    return extreme(points, std::less<>()).value;
}
double greatest(Points points) {
    return extreme(points, std::greater<>()).value;
}
double time_of_least(Points points) {
    return to_unix_seconds(extreme(points, std::less_equal<>()).at);
}
double time_of_greatest(Points points) {
    return to_unix_seconds(extreme(points, std::greater_equal<>()).at);
}
double time_of_first(Points points) {
    return to_unix_seconds(points.front().at);
}
double time_of_last(Points points) {
    return to_unix_seconds(points.back().at);
}
double count(Points points) {
    return static_cast<double>(points.size());
}
double first(Points points) {
    return points.front().value;
}
double last(Points points) {
    return points.back().value;
}
double present(Points /*points*/) {
    return 1;
}

double variance(Points points, void (KahanSum::*add)(double)) {
    double count = 0;
    KahanSum mean;
    KahanSum squares;
    for (const Point& point : points) {
        count += 1;
        const double delta = point.value - (mean.sum + mean.lost);
        (mean.*add)(delta / count);
        (squares.*add)(delta * (point.value - (mean.sum + mean.lost)));
    }
    return (squares.sum + squares.lost) / count;
}

Items variance(Frame& frame) {
    const auto add = frame.evaluator().is_3() ? &KahanSum::add : &KahanSum::add_unguarded;
    return frame.map_ranges(0, [&](const Window& window) -> std::optional<double> {
        return variance(window.points, add);
    });
}

Items deviation(Frame& frame) {
    const auto add = frame.evaluator().is_3() ? &KahanSum::add : &KahanSum::add_unguarded;
    return frame.map_ranges(0, [&](const Window& window) -> std::optional<double> {
        return std::sqrt(variance(window.points, add));
    });
}

/// The median distance from the median.
double median_deviation(Points points) {
    std::vector<double> values = values_of(points);
    const double median = quantile(0.5, values);
    for (double& value : values)
        value = std::abs(value - median);
    return quantile(0.5, std::move(values));
}

Items quantile_over_time(Frame& frame) {
    const double q = frame.scalar(0);
    if (std::isnan(q) || q < 0 || q > 1) {
        frame.evaluator().warn(
            fmt::format("quantile value should be between 0 and 1, got {}", format_float(q)),
            frame.argument(0));
    }
    return frame.map_ranges(1, [&](const Window& window) -> std::optional<double> {
        return quantile(q, values_of(window.points));
    });
}

constexpr auto kFrom3 = Function::Since::from_3;

constexpr Function kFunctions[] = {
    {.name = "avg_over_time", .arguments = {ValueType::matrix}, .vector = average},
    {.name = "sum_over_time", .arguments = {ValueType::matrix}, .vector = reduce<sum>},
    {.name = "min_over_time", .arguments = {ValueType::matrix}, .vector = reduce<least>},
    {.name = "max_over_time", .arguments = {ValueType::matrix}, .vector = reduce<greatest>},
    {.name = "count_over_time", .arguments = {ValueType::matrix}, .vector = reduce<count>},
    {.name = "present_over_time", .arguments = {ValueType::matrix}, .vector = reduce<present>},
    {.name = "stddev_over_time", .arguments = {ValueType::matrix}, .vector = deviation},
    {.name = "stdvar_over_time", .arguments = {ValueType::matrix}, .vector = variance},
    {.name = "last_over_time",
     .arguments = {ValueType::matrix},
     .vector = reduce_keeping_name<last>},
    {.name = "first_over_time",
     .arguments = {ValueType::matrix},
     .vector = reduce_keeping_name<first>,
     .since = kFrom3},
    {.name = "quantile_over_time",
     .arguments = {ValueType::scalar, ValueType::matrix},
     .vector = quantile_over_time},
    {.name = "mad_over_time",
     .arguments = {ValueType::matrix},
     .vector = reduce<median_deviation>,
     .since = kFrom3},
    {.name = "ts_of_min_over_time",
     .arguments = {ValueType::matrix},
     .vector = reduce<time_of_least>,
     .since = kFrom3},
    {.name = "ts_of_max_over_time",
     .arguments = {ValueType::matrix},
     .vector = reduce<time_of_greatest>,
     .since = kFrom3},
    {.name = "ts_of_first_over_time",
     .arguments = {ValueType::matrix},
     .vector = reduce<time_of_first>,
     .since = kFrom3},
    {.name = "ts_of_last_over_time",
     .arguments = {ValueType::matrix},
     .vector = reduce<time_of_last>,
     .since = kFrom3},
};

}  // namespace

std::span<const Function> over_time_functions() {
    return kFunctions;
}

}  // namespace pilotlight::promql

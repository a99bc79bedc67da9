#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "rules/promql/evaluator.h"
#include "rules/promql/statistics.h"

// Lines through samples. Source: Prometheus's promql/functions (linearRegression,
// funcDoubleExponentialSmoothing).
namespace pilotlight::promql {
namespace {

using Points = std::span<const series::Point>;

struct Line {
    double slope = 0;
    double at_origin = 0;
};

/// Least squares; `origin` is where the time axis begins.
Line regression(Points points, WallTime origin) {
    KahanSum sum_x;
    KahanSum sum_y;
    KahanSum sum_xy;
    KahanSum sum_xx;
    const double first = points[0].value;
    bool constant = true;
    for (const series::Point& point : points) {
        constant = constant && point.value == first;
        const double x = to_seconds(point.at - origin);
        sum_x.add(x);
        sum_y.add(point.value);
        sum_xy.add(x * point.value);
        sum_xx.add(x * x);
    }
    if (constant) {
        constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
        return std::isinf(first) ? Line{kNan, kNan} : Line{0, first};
    }
    const auto n = static_cast<double>(points.size());
    const double x = sum_x.sum + sum_x.lost;
    const double y = sum_y.sum + sum_y.lost;
    const double covariance = sum_xy.sum + sum_xy.lost - x * y / n;
    const double variance = sum_xx.sum + sum_xx.lost - x * x / n;
    const double slope = covariance / variance;
    return {slope, y / n - slope * x / n};
}

Items deriv(Frame& frame) {
    return frame.map_ranges(0, [](const Window& window) -> std::optional<double> {
        if (window.points.size() < 2) return std::nullopt;
        // An origin near the samples keeps the precision of their differences.
        return regression(window.points, window.points[0].at).slope;
    });
}

Items predict_linear(Frame& frame) {
    const double seconds = frame.scalar(1);
    return frame.map_ranges(0, [&](const Window& window) -> std::optional<double> {
        if (window.points.size() < 2) return std::nullopt;
        const Line line = regression(window.points, window.now);
        return line.slope * seconds + line.at_origin;
    });
}

double smooth(Points points, double smoothing, double trend_factor) {
    double before = 0;
    double smoothed = points[0].value;
    double trend = points[1].value - points[0].value;
    for (std::size_t i = 1; i < points.size(); ++i) {
        if (i > 1) trend = trend_factor * (smoothed - before) + (1 - trend_factor) * trend;
        const double next = smoothing * points[i].value + (1 - smoothing) * (smoothed + trend);
        before = smoothed;
        smoothed = next;
    }
    return smoothed;
}

Items double_exponential_smoothing(Frame& frame) {
    const double smoothing = frame.scalar(1);
    const double trend = frame.scalar(2);
    const auto check = [&](double factor, std::string_view name, std::string_view shown) {
        if (factor > 0 && factor < 1) return;
        frame.evaluator().fail(
            fmt::format("invalid {} factor. Expected: 0 < {} < 1, got: {:f}", name, shown, factor));
    };
    check(smoothing, "smoothing", "sf");
    check(trend, "trend", "tf");
    return frame.map_ranges(0, [&](const Window& window) -> std::optional<double> {
        if (window.points.size() < 2) return std::nullopt;
        return smooth(window.points, smoothing, trend);
    });
}

constexpr Function kFunctions[] = {
    {.name = "deriv", .arguments = {ValueType::matrix}, .vector = deriv},
    {.name = "predict_linear",
     .arguments = {ValueType::matrix, ValueType::scalar},
     .vector = predict_linear},
    {.name = "holt_winters",
     .arguments = {ValueType::matrix, ValueType::scalar, ValueType::scalar},
     .vector = double_exponential_smoothing,
     .since = Function::Since::only_2},
    {.name = "double_exponential_smoothing",
     .arguments = {ValueType::matrix, ValueType::scalar, ValueType::scalar},
     .vector = double_exponential_smoothing,
     .since = Function::Since::from_3},
};

}  // namespace

std::span<const Function> trend_functions() {
    return kFunctions;
}

}  // namespace pilotlight::promql

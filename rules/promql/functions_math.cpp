#include <cmath>
#include <limits>
#include <numbers>

#include "rules/promql/evaluator.h"

// Value by value.
namespace pilotlight::promql {
namespace {

template <double (*kChange)(double)>
Items change(Frame& frame) {
    return frame.map_values(0, kChange);
}

double degrees(double value) {
    return value * 180 / std::numbers::pi;
}
double radians(double value) {
    return value * std::numbers::pi / 180;
}
double sign(double value) {
    if (value < 0) return -1;
    return value > 0 ? 1 : value;
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Go's math.Min and math.Max: the infinity that none is beyond, else NaN if either is; -0 is
/// below +0.
double lower(double a, double b) {
    if (a == -kInfinity || b == -kInfinity) return -kInfinity;
    if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
    if (a == 0 && b == 0) return std::signbit(a) ? a : b;
    return a < b ? a : b;
}
double higher(double a, double b) {
    if (a == kInfinity || b == kInfinity) return kInfinity;
    if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
    if (a == 0 && b == 0) return std::signbit(a) ? b : a;
    return a > b ? a : b;
}

Items clamp(Frame& frame) {
    const double least = frame.scalar(1);
    const double most = frame.scalar(2);
    Items items = frame.map_values(0, [&](double v) { return higher(least, lower(most, v)); });
    // Even then what is wrong with the argument is told.
    if (most < least) items.clear();
    return items;
}

Items clamp_min(Frame& frame) {
    const double least = frame.scalar(1);
    return frame.map_values(0, [&](double v) { return higher(least, v); });
}

Items clamp_max(Frame& frame) {
    const double most = frame.scalar(1);
    return frame.map_values(0, [&](double v) { return lower(most, v); });
}

Items round(Frame& frame) {
    const double nearest = frame.size() > 1 ? frame.scalar(1) : 1;
    // Halves go up. The inverse is what Prometheus multiplies by, and its rounding shows.
    const double inverse = 1 / nearest;
    return frame.map_values(0, [&](double v) { return std::floor(v * inverse + 0.5) / inverse; });
}

double pi(Frame& /*frame*/) {
    return std::numbers::pi;
}

template <double (*kBetter)(double, double)>
double best_of(Frame& frame) {
    double best = frame.scalar(0);
    for (std::size_t i = 1; i < frame.size(); ++i)
        best = kBetter(best, frame.scalar(i));
    return best;
}

constexpr Function vector_function(std::string_view name, Items (*function)(Frame&)) {
    return {.name = name, .arguments = {ValueType::vector}, .vector = function};
}

constexpr Function kFunctions[] = {
    vector_function("abs", change<std::fabs>),
    vector_function("ceil", change<std::ceil>),
    vector_function("floor", change<std::floor>),
    vector_function("exp", change<std::exp>),
    vector_function("sqrt", change<std::sqrt>),
    vector_function("ln", change<std::log>),
    vector_function("log2", change<std::log2>),
    vector_function("log10", change<std::log10>),
    vector_function("sin", change<std::sin>),
    vector_function("cos", change<std::cos>),
    vector_function("tan", change<std::tan>),
    vector_function("asin", change<std::asin>),
    vector_function("acos", change<std::acos>),
    vector_function("atan", change<std::atan>),
    vector_function("sinh", change<std::sinh>),
    vector_function("cosh", change<std::cosh>),
    vector_function("tanh", change<std::tanh>),
    vector_function("asinh", change<std::asinh>),
    vector_function("acosh", change<std::acosh>),
    vector_function("atanh", change<std::atanh>),
    vector_function("deg", change<degrees>),
    vector_function("rad", change<radians>),
    vector_function("sgn", change<sign>),
    {.name = "clamp",
     .arguments = {ValueType::vector, ValueType::scalar, ValueType::scalar},
     .vector = clamp},
    {.name = "clamp_min", .arguments = {ValueType::vector, ValueType::scalar}, .vector = clamp_min},
    {.name = "clamp_max", .arguments = {ValueType::vector, ValueType::scalar}, .vector = clamp_max},
    {.name = "round",
     .arguments = {ValueType::vector, ValueType::scalar},
     .variadic = 1,
     .vector = round},
    {.name = "pi", .arguments = {}, .returns = ValueType::scalar, .scalar = pi},
    {.name = "min_of",
     .arguments = {ValueType::scalar, ValueType::scalar},
     .returns = ValueType::scalar,
     .scalar = best_of<lower>,
     .since = Function::Since::from_3},
    {.name = "max_of",
     .arguments = {ValueType::scalar, ValueType::scalar},
     .returns = ValueType::scalar,
     .scalar = best_of<higher>,
     .since = Function::Since::from_3},
};

}  // namespace

std::span<const Function> math_functions() {
    return kFunctions;
}

}  // namespace pilotlight::promql

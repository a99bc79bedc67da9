#pragma once

#include <expected>
#include <memory>
#include <string>

#include "core/time.h"

namespace pilotlight::promql {

/// Arithmetic on lengths of time in seconds: `[5m + step()]`, `offset -(2 ^ 3)`.
struct DurationNode {
    enum class Op { number, step, range, negate, add, sub, mul, div, mod, pow, min, max };

    Op op = Op::number;
    double number = 0;
    std::shared_ptr<const DurationNode> left;
    std::shared_ptr<const DurationNode> right;
};

/// A length of time in a selector: a constant, or one that depends on the query.
struct DurationExpr {
    /// The constant; where `node` is set, its value with step() and range() at 0.
    Duration value{0};
    /// Null for plain constants.
    std::shared_ptr<const DurationNode> node;

    [[nodiscard]] bool is_zero() const { return node == nullptr && value == Duration{0}; }
};

/// The value in seconds, or why there is none: "division by zero", "modulo by zero".
[[nodiscard]] std::expected<double, std::string> evaluate(const DurationNode& node,
                                                          Duration query_step,
                                                          Duration query_range);

/// Seconds as a Duration, rounded to milliseconds; an error for NaN and what is out of range.
[[nodiscard]] std::expected<Duration, std::string> to_duration(double seconds);

[[nodiscard]] bool uses_query(const DurationNode& node);
[[nodiscard]] std::string to_string(const DurationExpr& expr);

}  // namespace pilotlight::promql

#include "rules/promql/duration_expr.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "rules/promql/printer.h"

namespace pilotlight::promql {
namespace {

using Op = DurationNode::Op;

std::expected<double, std::string> apply(Op op, double left, double right) {
    switch (op) {
        case Op::negate:
            return -left;
        case Op::add:
            return left + right;
        case Op::sub:
            return left - right;
        case Op::mul:
            return left * right;
        case Op::div:
            if (right == 0) return std::unexpected("division by zero");
            return left / right;
        case Op::mod:
            if (right == 0) return std::unexpected("modulo by zero");
            return std::fmod(left, right);
        case Op::pow:
            return std::pow(left, right);
        case Op::min:
            return std::min(left, right);
        case Op::max:
            return std::max(left, right);
        case Op::number:
        case Op::step:
        case Op::range:
            break;
    }
    PILOT_CHECK(false);
}

std::string print(const DurationNode& node) {
    switch (node.op) {
        case Op::number:
            return format_float(node.number);
        case Op::step:
            return "step()";
        case Op::range:
            return "range()";
        case Op::negate:
            return "-(" + print(*node.left) + ")";
        case Op::min:
            return "min_of(" + print(*node.left) + ", " + print(*node.right) + ")";
        case Op::max:
            return "max_of(" + print(*node.left) + ", " + print(*node.right) + ")";
        default:
            break;
    }
    constexpr std::string_view kSigns = "+-*/%^";
    const char sign = kSigns[static_cast<std::size_t>(node.op) - static_cast<std::size_t>(Op::add)];
    return "(" + print(*node.left) + " " + sign + " " + print(*node.right) + ")";
}

}  // namespace

std::expected<double, std::string> evaluate(const DurationNode& node, Duration query_step,
                                            Duration query_range) {
    switch (node.op) {
        case Op::number:
            return node.number;
        case Op::step:
            return to_seconds(query_step);
        case Op::range:
            return to_seconds(query_range);
        default:
            break;
    }
    const auto left = evaluate(*node.left, query_step, query_range);
    if (!left) return left;
    if (node.right == nullptr) return apply(node.op, *left, 0);
    const auto right = evaluate(*node.right, query_step, query_range);
    if (!right) return right;
    return apply(node.op, *left, *right);
}

std::expected<Duration, std::string> to_duration(double seconds) {
    // Prometheus's durations are 64 bits of nanoseconds: 292 years.
    constexpr double kMaxSeconds = 9223372036.0;
    if (!(std::abs(seconds) <= kMaxSeconds)) return std::unexpected("duration out of range");
    return Duration(std::llround(seconds * 1000));
}

bool uses_query(const DurationNode& node) {
    if (node.op == Op::step || node.op == Op::range) return true;
    return (node.left != nullptr && uses_query(*node.left)) ||
           (node.right != nullptr && uses_query(*node.right));
}

std::string to_string(const DurationExpr& expr) {
    if (expr.node != nullptr) return print(*expr.node);
    return format_duration(expr.value);
}

}  // namespace pilotlight::promql

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "rules/promql/numbers.h"
#include "rules/promql/parse_state.h"
#include "rules/promql/quoting.h"

// Numbers, durations and, in Prometheus 3, arithmetic on durations.
namespace pilotlight::promql {
namespace {

using Op = DurationNode::Op;

std::shared_ptr<const DurationNode> node(Op op, std::shared_ptr<const DurationNode> left,
                                         std::shared_ptr<const DurationNode> right = {}) {
    return std::make_shared<const DurationNode>(
        DurationNode{op, 0, std::move(left), std::move(right)});
}

std::shared_ptr<const DurationNode> literal(double seconds) {
    return std::make_shared<const DurationNode>(
        DurationNode{Op::number, seconds, nullptr, nullptr});
}

struct DurationOperator {
    TokenKind token;
    Op op;
    int precedence;
};
constexpr DurationOperator kOperators[] = {
    {TokenKind::op_add, Op::add, 1}, {TokenKind::op_sub, Op::sub, 1},
    {TokenKind::op_mul, Op::mul, 2}, {TokenKind::op_div, Op::div, 2},
    {TokenKind::op_mod, Op::mod, 2}, {TokenKind::op_pow, Op::pow, 3},
};

}  // namespace

std::optional<double> ParseState::number_value(const Token& token) {
    const auto value = promql::parse_number(token.text);
    if (!value) fail(fmt::format("error parsing number: {}", quote(token.text)), token);
    return value;
}

std::optional<double> ParseState::duration_value(const Token& token) {
    const auto duration = parse_duration(token.text);
    if (!duration) {
        const bool too_long = duration.error().message.starts_with("duration out of range");
        fail(too_long ? "duration out of range"
                      : fmt::format("not a valid duration string: {}", quote(token.text)),
             token);
        return std::nullopt;
    }
    return to_seconds(*duration);
}

DurationExpr ParseState::parse_positive_duration(std::string_view context,
                                                 std::string_view expected) {
    const Token first = peek();
    if (is_3()) {
        const DurationPtr made = parse_duration_expr(0, context, expected);
        return failed() ? DurationExpr{} : finish_duration(made, true, first);
    }
    if (first.kind != TokenKind::duration) {
        unexpected(context, expected);
        return {};
    }
    const auto seconds = duration_value(take());
    if (!seconds) return {};
    if (*seconds <= 0) fail("duration must be greater than 0", first);
    return {Duration(std::llround(*seconds * 1000)), nullptr};
}

DurationExpr ParseState::parse_offset_duration() {
    const bool minus = peek().kind == TokenKind::op_sub;
    if (minus || (is_3() && peek().kind == TokenKind::op_add)) take();
    const Token first = peek();
    const std::string_view expected = is_3() ? "number or duration" : "duration";
    if (!is_3()) {
        if (first.kind != TokenKind::duration) {
            unexpected("offset", expected);
            return {};
        }
        const auto seconds = duration_value(take());
        if (seconds && *seconds == 0) fail("duration must be greater than 0", first);
        if (failed()) return {};
        const Duration length(std::llround(*seconds * 1000));
        return {minus ? -length : length, nullptr};
    }
    DurationPtr made = parse_duration_primary("offset", expected);
    if (failed()) return {};
    if (minus) made = node(Op::negate, std::move(made));
    return finish_duration(made, false, first);
}

DurationExpr ParseState::finish_duration(const DurationPtr& made, bool positive, const Token& at) {
    const auto seconds = promql::evaluate(*made, Duration{0}, Duration{0});
    // What depends on the query may yet turn out well.
    if (!seconds) return {Duration{0}, made};
    const auto length = to_duration(*seconds);
    if (!length) {
        fail(length.error(), at);
        return {};
    }
    const bool wrong = positive && *length <= Duration{0};
    if (wrong && made->op == Op::number) fail("duration must be greater than 0", at);
    // Computed ones are judged when they are used, as in Prometheus.
    return {*length, wrong || uses_query(*made) ? made : nullptr};
}

bool ParseState::check_divisor(DurationNode::Op op, const DurationNode& divisor, const Token& at) {
    if ((op != Op::div && op != Op::mod) || uses_query(divisor)) return true;
    if (promql::evaluate(divisor, Duration{0}, Duration{0}).value_or(0) != 0) return true;
    fail(op == Op::div ? "division by zero" : "modulo by zero", at);
    return false;
}

ParseState::DurationPtr ParseState::parse_duration_expr(int least_precedence,
                                                        std::string_view context,
                                                        std::string_view expected) {
    const DepthGuard guard(*this);
    if (failed()) return nullptr;
    DurationPtr left = parse_duration_primary(context, expected);
    while (!failed()) {
        const auto* row = std::ranges::find(kOperators, peek().kind, &DurationOperator::token);
        if (row == std::end(kOperators) || row->precedence < least_precedence) break;
        const Token op = take();
        if (++duration_operators_ > options_.depth_limit) {
            fail(fmt::format("more than {} operators between durations", options_.depth_limit), op);
            break;
        }
        const bool right_associative = row->op == Op::pow;
        DurationPtr right = parse_duration_expr(
            right_associative ? row->precedence : row->precedence + 1, context, expected);
        if (failed() || !check_divisor(row->op, *right, op)) break;
        left = node(row->op, std::move(left), std::move(right));
    }
    return failed() ? nullptr : left;
}

ParseState::DurationPtr ParseState::parse_duration_primary(std::string_view context,
                                                           std::string_view expected) {
    const DepthGuard guard(*this);
    if (failed()) return nullptr;
    const Token token = peek();
    const bool call = peek(1).kind == TokenKind::left_paren;
    switch (token.kind) {
        case TokenKind::number:
        case TokenKind::duration: {
            take();
            const auto value =
                token.kind == TokenKind::number ? number_value(token) : duration_value(token);
            if (!value) return nullptr;
            return literal(*value);
        }
        case TokenKind::op_sub: {
            take();
            // As with numbers: a sign binds tighter than any operator but a power.
            DurationPtr inside = parse_duration_expr(3, context, expected);
            if (failed()) return nullptr;
            return inside->op == Op::number ? literal(-inside->number)
                                            : node(Op::negate, std::move(inside));
        }
        case TokenKind::op_add:
            take();
            return parse_duration_expr(3, context, expected);
        case TokenKind::left_paren: {
            take();
            DurationPtr inside = parse_duration_expr(0, context, expected);
            if (failed() || !expect(TokenKind::right_paren, context, "\")\"")) return nullptr;
            return inside;
        }
        case TokenKind::step:
            if (call) return parse_duration_call(Op::step);
            break;
        case TokenKind::range:
            if (call) return parse_duration_call(Op::range);
            break;
        case TokenKind::min:
        case TokenKind::max:
        case TokenKind::identifier:
            if (call && (token.text == "min" || token.text == "min_of")) {
                return parse_duration_call(Op::min);
            }
            if (call && (token.text == "max" || token.text == "max_of")) {
                return parse_duration_call(Op::max);
            }
            break;
        default:
            break;
    }
    unexpected(context, expected);
    return nullptr;
}

ParseState::DurationPtr ParseState::parse_duration_call(Op op) {
    take();
    take();
    DurationPtr left;
    DurationPtr right;
    if (op == Op::min || op == Op::max) {
        left = parse_duration_expr(0, "duration expression", "number or duration");
        if (failed() || !expect(TokenKind::comma, "duration expression", "\",\"")) return nullptr;
        right = parse_duration_expr(0, "duration expression", "number or duration");
    }
    if (failed() || !expect(TokenKind::right_paren, "duration expression", "\")\"")) {
        return nullptr;
    }
    return node(op, std::move(left), std::move(right));
}

}  // namespace pilotlight::promql

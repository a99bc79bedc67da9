#include <fmt/format.h>

#include <algorithm>

#include "rules/promql/parse_state.h"
#include "rules/promql/quoting.h"

// Operators, operands and literals. Messages are Prometheus's (promql/parser).
namespace pilotlight::promql {
namespace {

struct OperatorRow {
    TokenKind token;
    BinaryOp op;
    int precedence;
};

constexpr int kPowPrecedence = 6;
constexpr OperatorRow kOperators[] = {
    {TokenKind::op_or, BinaryOp::lor, 1},
    {TokenKind::op_and, BinaryOp::land, 2},
    {TokenKind::op_unless, BinaryOp::lunless, 2},
    {TokenKind::op_eql, BinaryOp::eql, 3},
    {TokenKind::op_neq, BinaryOp::neq, 3},
    {TokenKind::op_gtr, BinaryOp::gtr, 3},
    {TokenKind::op_lss, BinaryOp::lss, 3},
    {TokenKind::op_gte, BinaryOp::gte, 3},
    {TokenKind::op_lte, BinaryOp::lte, 3},
    {TokenKind::op_add, BinaryOp::add, 4},
    {TokenKind::op_sub, BinaryOp::sub, 4},
    {TokenKind::op_mul, BinaryOp::mul, 5},
    {TokenKind::op_div, BinaryOp::div, 5},
    {TokenKind::op_mod, BinaryOp::mod, 5},
    {TokenKind::op_atan2, BinaryOp::atan2, 5},
    {TokenKind::op_pow, BinaryOp::pow, kPowPrecedence},
};

const OperatorRow* find_operator(TokenKind kind) {
    const auto* found = std::ranges::find(kOperators, kind, &OperatorRow::token);
    return found == std::end(kOperators) ? nullptr : found;
}

bool may_name_function(TokenKind kind) {
    return kind == TokenKind::identifier || kind == TokenKind::step || kind == TokenKind::range ||
           kind == TokenKind::start || kind == TokenKind::stop;
}

bool is_vector_or_scalar(ValueType type) {
    return type == ValueType::vector || type == ValueType::scalar;
}

}  // namespace

ParseState::Made ParseState::parse_expr(int least_precedence) {
    const DepthGuard guard(*this);
    Made left = failed() ? nullptr : parse_unary();
    while (!failed()) {
        const OperatorRow* row = find_operator(peek().kind);
        if (row == nullptr || row->precedence < least_precedence) break;
        const Token op = take();
        left = parse_binary(std::move(left), op, row->op, row->precedence);
    }
    return failed() ? nullptr : std::move(left);
}

ParseState::Made ParseState::parse_unary() {
    const Token sign = peek();
    if (sign.kind != TokenKind::op_add && sign.kind != TokenKind::op_sub) {
        return parse_postfix(parse_primary());
    }
    take();
    const bool minus = sign.kind == TokenKind::op_sub;
    Made operand = parse_expr(kPowPrecedence);
    if (failed()) return nullptr;
    if (auto* number = std::get_if<NumberLiteral>(&operand->node)) {
        if (minus) number->value = -number->value;
        operand->length += operand->offset - sign.offset;
        operand->offset = sign.offset;
        return operand;
    }
    if (!is_vector_or_scalar(operand->type)) {
        fail(fmt::format("unary expression only allowed on expressions of type scalar or instant "
                         "vector, got \"{}\"",
                         documented_name(operand->type)),
             *operand);
        return nullptr;
    }
    const ValueType type = operand->type;
    return make(Unary{minus, std::move(operand)}, type, sign.offset);
}

ParseState::Made ParseState::parse_binary(Made left, const Token& op, BinaryOp meant,
                                          int precedence) {
    Binary binary{.op = meant, .left = {}, .right = {}, .matching = {}};
    bool has_matching = false;
    binary.matching = parse_matching(binary.return_bool, has_matching);
    // Only powers are right-associative.
    Made right = parse_expr(meant == BinaryOp::pow ? precedence : precedence + 1);
    if (failed()) return nullptr;
    const bool scalars = left->type == ValueType::scalar && right->type == ValueType::scalar;
    const std::size_t offset = left->offset;
    binary.left = std::move(left);
    binary.right = std::move(right);
    Made made = make(std::move(binary), scalars ? ValueType::scalar : ValueType::vector, offset);
    return failed() ? nullptr : check_binary(std::move(made), op, has_matching);
}

VectorMatching ParseState::parse_matching(bool& return_bool, bool& has_matching) {
    VectorMatching matching;
    return_bool = take_if(TokenKind::bool_modifier);
    if (peek().kind == TokenKind::on || peek().kind == TokenKind::ignoring) {
        matching.on = take().kind == TokenKind::on;
        matching.labels = parse_grouping();
        has_matching = !matching.labels.empty();
        const TokenKind side = peek().kind;
        if (side == TokenKind::group_left || side == TokenKind::group_right) {
            take();
            matching.cardinality = side == TokenKind::group_left ? MatchCardinality::many_to_one
                                                                 : MatchCardinality::one_to_many;
            if (peek().kind == TokenKind::left_paren) matching.include = parse_grouping();
        }
    }
    parse_fill(matching);
    return matching;
}

void ParseState::parse_fill(VectorMatching& matching) {
    while (!failed() && peek(1).kind == TokenKind::left_paren) {
        const TokenKind kind = peek().kind;
        const bool left = kind == TokenKind::fill || kind == TokenKind::fill_left;
        const bool right = kind == TokenKind::fill || kind == TokenKind::fill_right;
        if (!left && !right) return;
        take();
        take();
        const bool minus = take_if(TokenKind::op_sub);
        if (!minus) take_if(TokenKind::op_add);
        if (peek().kind != TokenKind::number) return unexpected("fill modifier", "number");
        const auto value = number_value(take());
        if (!value || !expect(TokenKind::right_paren, "fill modifier", "\")\"")) return;
        if (left) matching.fill_left = minus ? -*value : *value;
        if (right) matching.fill_right = minus ? -*value : *value;
    }
}

ParseState::Made ParseState::check_binary(Made made, const Token& op, bool has_matching) {
    auto& binary = std::get<Binary>(made->node);
    const ValueType left = binary.left->type;
    const ValueType right = binary.right->type;
    const bool vectors = left == ValueType::vector && right == ValueType::vector;
    VectorMatching& matching = *binary.matching;
    const bool grouped = matching.cardinality != MatchCardinality::one_to_one;
    if (binary.return_bool && !is_comparison(binary.op)) {
        fail("bool modifier can only be used on comparison operators", op);
    }
    if (is_comparison(binary.op) && !binary.return_bool && made->type == ValueType::scalar) {
        fail("comparisons between scalars must use BOOL modifier", op);
    }
    for (const std::string& label : matching.labels) {
        if (matching.on && std::ranges::find(matching.include, label) != matching.include.end()) {
            fail(
                fmt::format("label {} must not occur in ON and GROUP clause at once", quote(label)),
                op);
        }
    }
    for (const ExprPtr* side : {&binary.left, &binary.right}) {
        if (is_vector_or_scalar((*side)->type)) continue;
        fail("binary expression must contain only scalar and instant vector types", **side);
    }
    if (failed()) return nullptr;
    if (!vectors && has_matching) {
        fail("vector matching only allowed between instant vectors", *made);
    }
    if (!vectors && (matching.fill_left || matching.fill_right)) {
        fail("filling in missing series only allowed between instant vectors", *made);
    }
    if (is_set_operator(binary.op)) {
        if (!vectors) {
            fail(fmt::format("set operator \"{}\" not allowed in binary scalar expression",
                             to_string(binary.op)),
                 *made);
        }
        if (grouped) {
            fail(fmt::format("no grouping allowed for \"{}\" operation", to_string(binary.op)),
                 *made);
        }
        if (matching.fill_left || matching.fill_right) {
            fail("filling in missing series not allowed for set operators", *made);
        }
        matching.cardinality = MatchCardinality::many_to_many;
    }
    if (!vectors) binary.matching.reset();
    return failed() ? nullptr : std::move(made);
}

ParseState::Made ParseState::parse_primary() {
    const Token token = peek();
    const TokenKind next = peek(1).kind;
    switch (token.kind) {
        case TokenKind::left_paren:
            return parse_paren();
        case TokenKind::string:
            return parse_string();
        case TokenKind::number:
            return parse_number();
        case TokenKind::duration:
            if (is_3()) return parse_number();
            break;
        case TokenKind::left_brace:
            return parse_selector();
        default:
            break;
    }
    const bool aggregates =
        next == TokenKind::left_paren || next == TokenKind::by || next == TokenKind::without;
    if (is_aggregation(token.kind) && aggregates) return parse_aggregation();
    if (may_name_function(token.kind) && next == TokenKind::left_paren) return parse_call();
    if (may_name_metric(token.kind)) return parse_selector();
    unexpected("", "");
    return nullptr;
}

ParseState::Made ParseState::parse_paren() {
    const std::size_t offset = take().offset;
    Made inside = parse_expr(0);
    if (failed() || !expect(TokenKind::right_paren, "", "")) return nullptr;
    const ValueType type = inside->type;
    return make(Paren{std::move(inside)}, type, offset);
}

ParseState::Made ParseState::parse_number() {
    const Token token = take();
    const bool duration = token.kind == TokenKind::duration;
    const auto value = duration ? duration_value(token) : number_value(token);
    if (!value) return nullptr;
    return make(NumberLiteral{*value, duration}, ValueType::scalar, token.offset);
}

ParseState::Made ParseState::parse_string() {
    const Token token = take();
    // The lexer has checked the escapes.
    return make(StringLiteral{unquote(token.text).value_or("")}, ValueType::string, token.offset);
}

}  // namespace pilotlight::promql

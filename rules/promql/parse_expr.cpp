#include <fmt/format.h>

#include <algorithm>

#include "rules/promql/functions.h"
#include "rules/promql/parse_state.h"
#include "rules/promql/quoting.h"

// Operators, literals, calls and aggregations. Messages are Prometheus's (promql/parser).
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

/// Words that are also label names in by(...), on(...) and their like. "without" is none, and nor
/// are numbers ("inf").
bool may_name_label(TokenKind kind) {
    if (kind == TokenKind::without) return false;
    return kind == TokenKind::op_atan2 || may_name_metric(kind) || is_keyword(kind);
}

bool may_name_function(TokenKind kind) {
    return kind == TokenKind::identifier || kind == TokenKind::step || kind == TokenKind::range ||
           kind == TokenKind::start || kind == TokenKind::stop;
}

bool is_vector_or_scalar(ValueType type) {
    return type == ValueType::vector || type == ValueType::scalar;
}

bool has_parameter(AggregationOp op) {
    return op >= AggregationOp::topk;
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

std::vector<ExprPtr> ParseState::parse_arguments() {
    std::vector<ExprPtr> arguments;
    if (!expect(TokenKind::left_paren, "", "")) return arguments;
    if (take_if(TokenKind::right_paren)) return arguments;
    while (!failed()) {
        Made argument = parse_expr(0);
        if (failed()) break;
        arguments.push_back(std::move(argument));
        if (take_if(TokenKind::right_paren)) break;
        const Token comma = peek();
        if (!expect(TokenKind::comma, "", "")) break;
        if (peek().kind == TokenKind::right_paren) {
            fail("trailing commas not allowed in function call args", comma);
        }
    }
    return arguments;
}

ParseState::Made ParseState::parse_call() {
    const Token name = take();
    const Function* function = find_function(name.text, options_.compatibility);
    if (function == nullptr) {
        fail(fmt::format("unknown function with name {}", quote(name.text)), name);
        return nullptr;
    }
    const bool before = empty_matchers_allowed_;
    empty_matchers_allowed_ = before || function->name == "info";
    Call call{function, parse_arguments()};
    empty_matchers_allowed_ = before;
    if (failed()) return nullptr;
    Made made = make(std::move(call), function->returns, name.offset);
    return failed() ? nullptr : check_call(std::move(made), name);
}

ParseState::Made ParseState::check_call(Made made, const Token& name) {
    auto& call = std::get<Call>(made->node);
    const Function& function = *call.function;
    const std::size_t known = function.argument_count();
    const std::size_t given = call.arguments.size();
    const auto complain = [&](std::string_view how, std::size_t wanted) {
        fail(fmt::format("expected {}{} argument(s) in call to \"{}\", got {}", how, wanted,
                         function.name, given),
             *made);
    };
    if (function.variadic == 0) {
        if (given != known) complain("", known);
    } else if (given + 1 < known) {
        complain("at least ", known - 1);
    } else if (function.variadic > 0 &&
               given > known - 1 + static_cast<std::size_t>(function.variadic)) {
        complain("at most ", known - 1 + static_cast<std::size_t>(function.variadic));
    }
    for (std::size_t i = 0; i < given && !failed(); ++i) {
        check_type(*call.arguments[i], function.arguments[std::min(i, known - 1)],
                   fmt::format("call to function \"{}\"", name.text));
    }
    if (!failed() && function.name == "info") check_info_call(call, *made);
    if (!failed()) check_range_mode(call);
    return failed() ? nullptr : std::move(made);
}

void ParseState::check_info_call(Call& call, const Expr& made) {
    // The first argument was read with the second one's freedom.
    for (std::size_t i = 0; i < call.arguments.size(); ++i) {
        const auto* selector = std::get_if<VectorSelector>(&call.arguments[i]->node);
        if (i == 0 && selector != nullptr) check_selector(*call.arguments[i], *selector);
        const bool braces_only =
            selector != nullptr && text_.substr(call.arguments[i]->offset).starts_with('{');
        if (i == 1 && !braces_only) {
            fail("expected label selectors only, got vector selector instead", made);
        }
    }
}

void ParseState::check_range_mode(const Call& call) {
    constexpr std::string_view kAnchored[] = {"changes", "delta", "increase", "rate", "resets"};
    constexpr std::string_view kSmoothed[] = {"delta", "increase", "rate"};
    const auto check = [&](std::span<const std::string_view> allowed, std::string_view mode,
                           const Expr& argument) {
        if (std::ranges::find(allowed, call.function->name) != allowed.end()) return;
        fail(fmt::format("{} modifier can only be used with: {} - not with {}", mode,
                         fmt::join(allowed, ", "), call.function->name),
             argument);
    };
    for (const ExprPtr& argument : call.arguments) {
        const auto* matrix = std::get_if<MatrixSelector>(&argument->node);
        if (matrix == nullptr) continue;
        if (matrix->selector.mode == RangeMode::anchored) check(kAnchored, "anchored", *argument);
        if (matrix->selector.mode == RangeMode::smoothed) check(kSmoothed, "smoothed", *argument);
    }
}

void ParseState::check_type(const Expr& expr, ValueType wanted, std::string_view context) {
    if (expr.type == wanted) return;
    fail(fmt::format("expected type {} in {}, got {}", documented_name(wanted), context,
                     documented_name(expr.type)),
         expr);
}

std::vector<std::string> ParseState::parse_grouping() {
    std::vector<std::string> labels;
    if (!expect(TokenKind::left_paren, "grouping opts", "\"(\"")) return labels;
    while (!failed() && !take_if(TokenKind::right_paren)) {
        const Token token = peek();
        const bool quoted = token.kind == TokenKind::string && is_3();
        const bool word =
            may_name_label(token.kind) && (is_3() || is_legacy_label_name(token.text));
        if (!quoted && !word) {
            unexpected("grouping opts", "label");
            break;
        }
        take();
        labels.push_back(quoted ? unquote(token.text).value_or("") : std::string(token.text));
        if (take_if(TokenKind::right_paren)) break;
        expect(TokenKind::comma, "grouping opts", "\",\" or \")\"");
    }
    return labels;
}

ParseState::Made ParseState::parse_aggregation() {
    const Token name = take();
    Aggregation aggregation;
    aggregation.op =
        static_cast<AggregationOp>(static_cast<int>(name.kind) - static_cast<int>(TokenKind::sum));
    bool has_modifier = false;
    const auto modifier = [&] {
        if (peek().kind != TokenKind::by && peek().kind != TokenKind::without) return;
        aggregation.without = take().kind == TokenKind::without;
        aggregation.grouping = parse_grouping();
        has_modifier = true;
    };
    modifier();
    if (!failed() && peek().kind != TokenKind::left_paren) unexpected("aggregation", "");
    std::vector<ExprPtr> arguments = failed() ? std::vector<ExprPtr>{} : parse_arguments();
    if (!failed() && !has_modifier) modifier();
    if (failed()) return nullptr;
    const std::size_t wanted = has_parameter(aggregation.op) ? 2 : 1;
    const std::size_t length = end_of_last() - name.offset;
    if (arguments.empty()) {
        fail("no arguments for aggregate expression provided", name.offset, length);
    } else if (arguments.size() != wanted) {
        fail(fmt::format("wrong number of arguments for aggregate expression provided, expected "
                         "{}, got {}",
                         wanted, arguments.size()),
             name.offset, length);
    } else {
        check_type(*arguments.back(), ValueType::vector, "aggregation expression");
    }
    if (!failed() && wanted == 2) {
        check_type(
            *arguments[0],
            aggregation.op == AggregationOp::count_values ? ValueType::string : ValueType::scalar,
            "aggregation parameter");
        aggregation.parameter = std::move(arguments[0]);
    }
    if (failed()) return nullptr;
    aggregation.expr = std::move(arguments.back());
    return make(std::move(aggregation), ValueType::vector, name.offset);
}

}  // namespace pilotlight::promql

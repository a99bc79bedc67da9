#include <fmt/format.h>

#include <algorithm>

#include "rules/promql/functions.h"
#include "rules/promql/parse_state.h"
#include "rules/promql/quoting.h"

// Calls and aggregations. Messages are Prometheus's (promql/parser).
namespace pilotlight::promql {
namespace {

/// Words that are also label names in by(...), on(...) and their like. "without" is none, and nor
/// are numbers ("inf").
bool may_name_label(TokenKind kind) {
    if (kind == TokenKind::without) return false;
    return kind == TokenKind::op_atan2 || may_name_metric(kind) || is_keyword(kind);
}

bool has_parameter(AggregationOp op) {
    return op >= AggregationOp::topk;
}

}  // namespace

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

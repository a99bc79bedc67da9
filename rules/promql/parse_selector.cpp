#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "rules/promql/parse_state.h"
#include "rules/promql/quoting.h"

// Selectors, and the modifiers behind them. Messages are Prometheus's (promql/parser).
namespace pilotlight::promql {
namespace {

std::optional<Matcher::Op> match_op(TokenKind kind) {
    switch (kind) {
        case TokenKind::equal:
            return Matcher::Op::equal;
        case TokenKind::op_neq:
            return Matcher::Op::not_equal;
        case TokenKind::op_regexp:
            return Matcher::Op::regexp;
        case TokenKind::op_not_regexp:
            return Matcher::Op::not_regexp;
        default:
            return std::nullopt;
    }
}

}  // namespace

ParseState::Made ParseState::parse_selector() {
    const std::size_t offset = peek().offset;
    VectorSelector selector;
    std::string quoted_name;
    if (peek().kind != TokenKind::left_brace) selector.name = take().text;
    const bool braces = peek().kind == TokenKind::left_brace;
    if (selector.name.empty() && !braces) unexpected("", "");
    if (braces) selector.matchers = parse_matchers(quoted_name);
    if (failed()) return nullptr;
    const auto is_for_name = [](const Matcher& m) { return m.name() == kMetricName; };
    const auto other = std::ranges::find_if(selector.matchers, is_for_name);
    const auto twice = [&](std::string_view one, std::string_view two) {
        fail(fmt::format("metric name must not be set twice: {} or {}", quote(one), quote(two)),
             offset, end_of_last() - offset);
    };
    if (!selector.name.empty()) {
        if (other != selector.matchers.end()) twice(selector.name, other->value());
        auto matcher = Matcher::make(std::string(kMetricName), Matcher::Op::equal, selector.name);
        if (matcher) selector.matchers.push_back(std::move(*matcher));
    } else if (std::ranges::count_if(selector.matchers, is_for_name) == 1) {
        // Beside other conditions for the name, the quoted one is only one of them.
        selector.name = quoted_name;
    }
    selector.index = selectors_++;
    Made made = make(std::move(selector), ValueType::vector, offset);
    if (!failed() && !empty_matchers_allowed_) {
        check_selector(*made, std::get<VectorSelector>(made->node));
    }
    return failed() ? nullptr : std::move(made);
}

void ParseState::check_selector(const Expr& made, const VectorSelector& selector) {
    // Most likely a slip: it would read everything there is.
    const bool narrow =
        std::ranges::any_of(selector.matchers, [](const Matcher& m) { return !m.matches(""); });
    if (!narrow) fail("vector selector must contain at least one non-empty matcher", made);
}

Matchers ParseState::parse_matchers(std::string& name) {
    Matchers matchers;
    take();
    while (!failed() && !take_if(TokenKind::right_brace)) {
        parse_matcher(matchers, name);
        if (failed() || take_if(TokenKind::right_brace)) break;
        expect(TokenKind::comma, "label matching", "\",\" or \"}\"");
    }
    return matchers;
}

void ParseState::parse_matcher(Matchers& matchers, std::string& name) {
    const Token label = peek();
    const bool quoted = label.kind == TokenKind::string && is_3();
    if (label.kind != TokenKind::identifier && !quoted) {
        return unexpected("label matching", "identifier or \"}\"");
    }
    take();
    std::string label_name = quoted ? unquote(label.text).value_or("") : std::string(label.text);
    const Token op = peek();
    const bool ends = op.kind == TokenKind::comma || op.kind == TokenKind::right_brace;
    if (quoted && ends) {
        // A quoted text alone is the metric's name.
        const Token equal{TokenKind::equal, "=", label.offset, label.length};
        name = label_name;
        return add_matcher(matchers, std::string(kMetricName), equal, label, label);
    }
    if (!match_op(op.kind)) return unexpected("label matching", "label matching operator");
    take();
    const Token value = peek();
    if (value.kind != TokenKind::string) return unexpected("label matching", "string");
    take();
    add_matcher(matchers, std::move(label_name), op, label, value);
}

void ParseState::add_matcher(Matchers& matchers, std::string name, const Token& op,
                             const Token& label, const Token& value) {
    auto matcher =
        Matcher::make(std::move(name), *match_op(op.kind), unquote(value.text).value_or(""));
    if (!matcher) {
        return fail(matcher.error().message, label.offset,
                    value.offset + value.length - label.offset);
    }
    matchers.push_back(std::move(*matcher));
}

ParseState::Made ParseState::parse_postfix(Made made) {
    while (!failed()) {
        switch (peek().kind) {
            case TokenKind::left_bracket:
                made = parse_range(std::move(made));
                break;
            case TokenKind::offset:
                made = parse_offset(std::move(made));
                break;
            case TokenKind::op_at:
                made = parse_at(std::move(made));
                break;
            case TokenKind::anchored:
            case TokenKind::smoothed:
                made = parse_range_mode(std::move(made));
                break;
            default:
                return made;
        }
    }
    return nullptr;
}

ParseState::Made ParseState::parse_range(Made made) {
    const Token bracket = take();
    DurationExpr range =
        parse_positive_duration("subquery selector", is_3() ? "number or duration" : "duration");
    if (failed()) return nullptr;
    const std::size_t offset = made->offset;
    if (take_if(TokenKind::colon)) {
        DurationExpr step;
        if (peek().kind != TokenKind::right_bracket) {
            step = parse_positive_duration(
                "subquery selector", is_3() ? "number or duration or \"]\"" : "duration or \"]\"");
        }
        if (failed() || !expect(TokenKind::right_bracket, "subquery selector", "\"]\"")) {
            return nullptr;
        }
        if (made->type != ValueType::vector) {
            fail(fmt::format("subquery is only allowed on instant vector, got {} instead",
                             to_string(made->type)),
                 *made);
            return nullptr;
        }
        return make(Subquery{std::move(made), std::move(range), std::move(step), {}},
                    ValueType::matrix, offset);
    }
    if (!expect(TokenKind::right_bracket, "subquery or range", "\":\" or \"]\"")) return nullptr;
    const std::size_t length = end_of_last() - bracket.offset;
    auto* selector = std::get_if<VectorSelector>(&made->node);
    if (selector == nullptr) {
        fail("ranges only allowed for vector selectors", bracket.offset, length);
    } else if (!selector->shift.offset.is_zero()) {
        fail("no offset modifiers allowed before range", bracket.offset, length);
    } else if (selector->shift.at) {
        fail("no @ modifiers allowed before range", bracket.offset, length);
    }
    if (failed()) return nullptr;
    return make(MatrixSelector{std::move(*selector), std::move(range)}, ValueType::matrix, offset);
}

TimeShift* ParseState::shift_of(Expr& expr) {
    if (auto* vector = std::get_if<VectorSelector>(&expr.node)) return &vector->shift;
    if (auto* matrix = std::get_if<MatrixSelector>(&expr.node)) return &matrix->selector.shift;
    if (auto* subquery = std::get_if<Subquery>(&expr.node)) return &subquery->shift;
    return nullptr;
}

ParseState::Made ParseState::parse_offset(Made made) {
    take();
    DurationExpr offset = parse_offset_duration();
    if (failed()) return nullptr;
    TimeShift* shift = shift_of(*made);
    if (shift == nullptr) {
        fail(
            "offset modifier must be preceded by an instant vector selector or range vector "
            "selector or a subquery",
            *made);
    } else if (!shift->offset.is_zero()) {
        fail("offset may not be set multiple times", *made);
    } else {
        shift->offset = std::move(offset);
        made->length = end_of_last() - made->offset;
    }
    return failed() ? nullptr : std::move(made);
}

ParseState::Made ParseState::parse_at(Made made) {
    take();
    const AtModifier at = parse_at_time();
    if (failed()) return nullptr;
    TimeShift* shift = shift_of(*made);
    if (shift == nullptr) {
        fail(
            "@ modifier must be preceded by an instant vector selector or range vector selector "
            "or a subquery",
            *made);
    } else if (shift->at) {
        fail("@ <timestamp> may not be set multiple times", *made);
    } else {
        shift->at = at;
        made->length = end_of_last() - made->offset;
    }
    return failed() ? nullptr : std::move(made);
}

AtModifier ParseState::parse_at_time() {
    AtModifier at;
    const Token token = peek();
    if (token.kind == TokenKind::start || token.kind == TokenKind::stop) {
        take();
        at.kind = token.kind == TokenKind::start ? AtModifier::Kind::start : AtModifier::Kind::end;
        if (expect(TokenKind::left_paren, "@", "timestamp")) {
            expect(TokenKind::right_paren, "@", "timestamp");
        }
        return at;
    }
    const auto seconds = parse_time_number();
    if (!seconds) return at;
    constexpr double kBound = 9223372036854775808.0;
    if (!(std::abs(*seconds) < kBound)) {
        fail(fmt::format("timestamp out of bounds for @ modifier: {:f}", *seconds), token);
        return at;
    }
    // Beyond the year 285,000 there are no samples, and sums with durations could overflow.
    constexpr double kMaxSeconds = 9e12;
    const double bounded = std::clamp(*seconds, -kMaxSeconds, kMaxSeconds);
    at.time = WallTime(Duration(std::llround(bounded * 1000)));
    return at;
}

std::optional<double> ParseState::parse_time_number() {
    const bool minus = peek().kind == TokenKind::op_sub;
    if (minus || peek().kind == TokenKind::op_add) take();
    const Token token = peek();
    std::optional<double> value;
    if (token.kind == TokenKind::number) {
        value = number_value(take());
    } else if (token.kind == TokenKind::duration && is_3()) {
        value = duration_value(take());
    } else {
        unexpected("@", "timestamp");
    }
    if (value && minus) value = -*value;
    return value;
}

ParseState::Made ParseState::parse_range_mode(Made made) {
    const Token mode = take();
    VectorSelector* selector = std::get_if<VectorSelector>(&made->node);
    if (auto* matrix = std::get_if<MatrixSelector>(&made->node)) selector = &matrix->selector;
    if (selector == nullptr) {
        fail(fmt::format("{} modifier must be preceded by an instant vector selector or range "
                         "vector selector",
                         mode.text),
             *made);
        return nullptr;
    }
    if (selector->mode != RangeMode::plain) {
        fail("anchored and smoothed modifiers may not be set multiple times", mode);
        return nullptr;
    }
    const bool anchored = mode.kind == TokenKind::anchored;
    if (anchored && made->type == ValueType::vector) {
        fail("anchored modifier can only be used on range vector selectors", mode);
        return nullptr;
    }
    selector->mode = anchored ? RangeMode::anchored : RangeMode::smoothed;
    made->length = end_of_last() - made->offset;
    return made;
}

}  // namespace pilotlight::promql

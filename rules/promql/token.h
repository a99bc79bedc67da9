#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pilotlight::promql {

enum class TokenKind {
    // What carries text of its own.
    end,
    error,
    identifier,
    metric_identifier,
    string,
    number,
    duration,
    // Punctuation.
    left_brace,
    right_brace,
    left_paren,
    right_paren,
    left_bracket,
    right_bracket,
    comma,
    colon,
    equal,
    // Operators.
    op_add,
    op_sub,
    op_mul,
    op_div,
    op_mod,
    op_pow,
    op_atan2,
    op_eql,
    op_neq,
    op_gtr,
    op_lss,
    op_gte,
    op_lte,
    op_and,
    op_or,
    op_unless,
    op_regexp,
    op_not_regexp,
    op_at,
    // Aggregations, in the order of AggregationOp.
    sum,
    avg,
    count,
    min,
    max,
    group,
    stddev,
    stdvar,
    topk,
    bottomk,
    count_values,
    quantile,
    limitk,
    limit_ratio,
    // Keywords.
    offset,
    by,
    without,
    on,
    ignoring,
    group_left,
    group_right,
    bool_modifier,
    anchored,
    smoothed,
    fill,
    fill_left,
    fill_right,
    start,
    stop,
    step,
    range,
};

/// A piece of the text. `text` is a view of it; of an error, the message.
struct Token {
    TokenKind kind = TokenKind::end;
    std::string_view text;
    std::size_t offset = 0;
    std::size_t length = 0;
};

[[nodiscard]] constexpr bool is_operator(TokenKind kind) {
    return kind >= TokenKind::op_add && kind <= TokenKind::op_at;
}
[[nodiscard]] constexpr bool is_aggregation(TokenKind kind) {
    return kind >= TokenKind::sum && kind <= TokenKind::limit_ratio;
}
[[nodiscard]] constexpr bool is_keyword(TokenKind kind) {
    return kind >= TokenKind::offset;
}

/// Words that are also metric names where an operand is expected.
[[nodiscard]] bool may_name_metric(TokenKind kind);

/// The token as Prometheus's messages name it: `identifier "foo"`, `"}"`, `<op:and>`, `end of
/// input`.
[[nodiscard]] std::string describe(const Token& token);

}  // namespace pilotlight::promql

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/ast.h"
#include "rules/promql/lexer.h"
#include "rules/promql/parser.h"

namespace pilotlight::promql {

/// One run of the parser: recursive descent, operators by precedence climbing. The first error
/// stays and ends it: every step returns null, or something harmless, from then on.
class ParseState {
  public:
    ParseState(std::string_view text, const ParseOptions& options);

    /// The whole text as one expression.
    [[nodiscard]] std::unique_ptr<Expr> parse_whole();
    /// The whole text as one vector selector, not checked for empty matchers.
    [[nodiscard]] std::unique_ptr<Expr> parse_whole_selector();
    /// The whole text as labels of one series.
    [[nodiscard]] Labels parse_whole_metric();

    [[nodiscard]] const std::optional<SyntaxError>& error() const { return error_; }

  private:
    using Made = std::unique_ptr<Expr>;

    // parse_state.cpp: tokens and errors.
    [[nodiscard]] const Token& peek(std::size_t ahead = 0) const;
    Token take();
    bool take_if(TokenKind kind);
    bool expect(TokenKind kind, std::string_view context, std::string_view expected);
    void fail(std::string message, std::size_t offset, std::size_t length);
    void fail(std::string message, const Token& at) {
        fail(std::move(message), at.offset, at.length);
    }
    void fail(std::string message, const Expr& at) {
        fail(std::move(message), at.offset, at.length);
    }
    void unexpected(std::string_view context, std::string_view expected);
    [[nodiscard]] bool failed() const { return error_.has_value(); }
    [[nodiscard]] std::size_t end_of_last() const;
    Made make(Expr::Node node, ValueType type, std::size_t offset);
    [[nodiscard]] bool is_3() const { return options_.compatibility == Compatibility::prometheus3; }

    // parse_expr.cpp: operators and what they bind.
    Made parse_expr(int least_precedence);
    Made parse_unary();
    Made parse_binary(Made left, const Token& op, BinaryOp meant, int precedence);
    VectorMatching parse_matching(bool& return_bool, bool& has_matching);
    void parse_fill(VectorMatching& matching);
    Made check_binary(Made made, const Token& op, bool has_matching);
    Made parse_primary();
    Made parse_paren();
    Made parse_number();
    Made parse_string();
    Made parse_call();
    Made parse_aggregation();
    std::vector<ExprPtr> parse_arguments();
    std::vector<std::string> parse_grouping();
    Made check_call(Made made, const Token& name);
    void check_type(const Expr& expr, ValueType wanted, std::string_view context);
    void check_info_call(Call& call, const Expr& made);
    void check_range_mode(const Call& call);

    // parse_selector.cpp: selectors and their modifiers.
    Made parse_selector();
    Matchers parse_matchers(std::string& name);
    void parse_matcher(Matchers& matchers, std::string& name);
    void add_matcher(Matchers& matchers, std::string name, const Token& op, const Token& label,
                     const Token& value);
    void check_selector(const Expr& made, const VectorSelector& selector);
    Made parse_postfix(Made made);
    Made parse_range(Made made);
    Made parse_offset(Made made);
    Made parse_at(Made made);
    Made parse_range_mode(Made made);
    AtModifier parse_at_time();
    std::optional<double> parse_time_number();
    TimeShift* shift_of(Expr& expr);

    // series_notation.cpp
    void parse_label(LabelsBuilder& builder);

    // parse_duration.cpp
    DurationExpr parse_positive_duration(std::string_view context, std::string_view expected);
    DurationExpr parse_offset_duration();
    using DurationPtr = std::shared_ptr<const DurationNode>;
    DurationPtr parse_duration_expr(int least_precedence, std::string_view context,
                                    std::string_view expected);
    DurationPtr parse_duration_primary(std::string_view context, std::string_view expected);
    DurationPtr parse_duration_call(DurationNode::Op op);
    DurationExpr finish_duration(const DurationPtr& node, bool positive, const Token& at);
    bool check_divisor(DurationNode::Op op, const DurationNode& divisor, const Token& at);
    std::optional<double> number_value(const Token& token);
    std::optional<double> duration_value(const Token& token);

    std::string_view text_;
    ParseOptions options_;
    Tokens tokens_;
    std::size_t position_ = 0;
    std::optional<SyntaxError> error_;
    int depth_ = 0;
    int duration_operators_ = 0;
    std::uint32_t selectors_ = 0;
    /// info()'s second argument may match everything.
    bool empty_matchers_allowed_ = false;

    friend class DepthGuard;
};

/// Counts how deep the parser is in its own recursion, and fails beyond the limit.
class DepthGuard {
  public:
    explicit DepthGuard(ParseState& state);
    ~DepthGuard() { --state_.depth_; }
    DepthGuard(const DepthGuard&) = delete;
    DepthGuard& operator=(const DepthGuard&) = delete;

  private:
    ParseState& state_;
};

}  // namespace pilotlight::promql

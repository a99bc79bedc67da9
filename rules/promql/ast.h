#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/matcher.h"
#include "core/time.h"
#include "rules/promql/duration_expr.h"
#include "rules/promql/value.h"

/// The syntax tree. Immutable once parse() has returned it; type-checked, so that whoever walks it
/// may rely on the types of operands and arguments.
namespace pilotlight::promql {

struct Expr;
using ExprPtr = std::unique_ptr<const Expr>;
struct Function;

struct NumberLiteral {
    double value = 0;
    /// Written as a duration: `1m30s` is 90.
    bool duration = false;
};

struct StringLiteral {
    std::string value;
};

/// `@ 1609746000`, `@ start()`, `@ end()`.
struct AtModifier {
    enum class Kind { time, start, end };
    Kind kind = Kind::time;
    WallTime time;
};

/// Where in time a selector or subquery looks, seen from the evaluation's time.
struct TimeShift {
    std::optional<AtModifier> at;
    DurationExpr offset;
};

/// `anchored` and `smoothed`: what counts as the value at a boundary.
enum class RangeMode { plain, anchored, smoothed };

struct VectorSelector {
    /// As written in front of the braces or quoted inside them; "" where the name is only given by
    /// a matcher on `__name__`.
    std::string name;
    /// All conditions, the one for the name included.
    Matchers matchers;
    TimeShift shift;
    RangeMode mode = RangeMode::plain;
    /// Counts the selectors of an expression from 0: what an evaluation found can be kept by it.
    std::uint32_t index = 0;
};

struct MatrixSelector {
    /// Its `shift` holds for the range.
    VectorSelector selector;
    DurationExpr range;
};

struct Subquery {
    ExprPtr expr;
    DurationExpr range;
    /// Zero: the default step.
    DurationExpr step;
    TimeShift shift;
};

struct Call {
    const Function* function = nullptr;
    std::vector<ExprPtr> arguments;
};

enum class AggregationOp {
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
};

struct Aggregation {
    AggregationOp op = AggregationOp::sum;
    /// k of topk, the label of count_values, ...; else null.
    ExprPtr parameter;
    ExprPtr expr;
    std::vector<std::string> grouping;
    bool without = false;
};

enum class BinaryOp {
    add,
    sub,
    mul,
    div,
    mod,
    pow,
    atan2,
    eql,
    neq,
    gtr,
    lss,
    gte,
    lte,
    land,
    lor,
    lunless,
};

enum class MatchCardinality { one_to_one, many_to_one, one_to_many, many_to_many };

struct VectorMatching {
    MatchCardinality cardinality = MatchCardinality::one_to_one;
    /// `on` (true) or `ignoring` these labels.
    bool on = false;
    std::vector<std::string> labels;
    /// What group_left(...) / group_right(...) copies from the "one" side.
    std::vector<std::string> include;
    /// What stands in for a missing sample: fill(...), fill_left(...), fill_right(...).
    std::optional<double> fill_left;
    std::optional<double> fill_right;
};

struct Binary {
    BinaryOp op = BinaryOp::add;
    ExprPtr left;
    ExprPtr right;
    /// Set where both sides are vectors.
    std::optional<VectorMatching> matching;
    bool return_bool = false;
};

struct Unary {
    bool minus = false;
    ExprPtr expr;
};

struct Paren {
    ExprPtr expr;
};

struct Expr {
    using Node = std::variant<NumberLiteral, StringLiteral, VectorSelector, MatrixSelector,
                              Subquery, Call, Aggregation, Binary, Unary, Paren>;

    Node node;
    ValueType type = ValueType::none;
    /// Bytes of the text.
    std::size_t offset = 0;
    std::size_t length = 0;
    /// Nodes on the longest way down, this one included.
    std::uint32_t height = 1;
    /// Of the whole tree, only at its root: how many selectors it has.
    std::uint32_t selector_count = 0;
};

[[nodiscard]] inline ValueType type_of(const Expr& expr) {
    return expr.type;
}

/// The direct operands and arguments, in the order of the text.
[[nodiscard]] std::vector<const Expr*> children(const Expr& expr);

/// "sum", "topk", ...
[[nodiscard]] std::string_view to_string(AggregationOp op);
/// "+", "==", "unless", ...
[[nodiscard]] std::string_view to_string(BinaryOp op);
[[nodiscard]] bool is_comparison(BinaryOp op);
[[nodiscard]] bool is_set_operator(BinaryOp op);

}  // namespace pilotlight::promql

#include "rules/promql/selectors.h"

#include <algorithm>

namespace pilotlight::promql {
namespace {

/// What subqueries around a selector add to it.
struct Around {
    Duration reach{0};
    bool fixed_time = false;
};

void collect(const Expr& expr, const Around& around, Duration lookback,
             std::vector<SelectorUse>& out);

Duration past(Duration offset) {
    return std::max(offset, Duration{0});
}

void add(const VectorSelector& selector, Duration range, const Around& around, Duration lookback,
         std::vector<SelectorUse>& out) {
    SelectorUse use{.matchers = selector.matchers, .metric_name = {}};
    for (const Matcher& matcher : selector.matchers) {
        if (matcher.name() == kMetricName && matcher.op() == Matcher::Op::equal) {
            use.metric_name = matcher.value();
        }
    }
    use.fixed_time = around.fixed_time || selector.shift.at.has_value();
    use.reach = around.reach + range + past(selector.shift.offset.value);
    const bool between_samples = selector.mode != RangeMode::plain;
    // Ranges end where they end; values at a moment in the past may be as old as the lookback.
    if ((range == Duration{0} && use.reach > Duration{0}) || between_samples) {
        use.reach += lookback;
    }
    out.push_back(std::move(use));
}

void collect(const Expr& expr, const Around& around, Duration lookback,
             std::vector<SelectorUse>& out) {
    if (const auto* selector = std::get_if<VectorSelector>(&expr.node)) {
        add(*selector, Duration{0}, around, lookback, out);
    } else if (const auto* matrix = std::get_if<MatrixSelector>(&expr.node)) {
        add(matrix->selector, matrix->range.value, around, lookback, out);
    } else if (const auto* subquery = std::get_if<Subquery>(&expr.node)) {
        Around inner = around;
        inner.reach += subquery->range.value + past(subquery->shift.offset.value);
        inner.fixed_time |= subquery->shift.at.has_value();
        collect(*subquery->expr, inner, lookback, out);
    } else {
        for (const Expr* child : children(expr)) {
            collect(*child, around, lookback, out);
        }
    }
}

}  // namespace

std::vector<SelectorUse> selectors(const Expr& expr, Duration lookback) {
    std::vector<SelectorUse> found;
    collect(expr, {}, lookback, found);
    return found;
}

}  // namespace pilotlight::promql

#pragma once

#include <string>
#include <vector>

#include "core/matcher.h"
#include "core/time.h"
#include "rules/promql/ast.h"

namespace pilotlight::promql {

/// One selector of an expression and what it reads.
struct SelectorUse {
    Matchers matchers;
    /// Empty where no equality fixes the metric name.
    std::string metric_name;
    /// How far before the evaluation's time it reads, lookback included, at the evaluation's
    /// default lookback; 0 where only the newest sample is read.
    Duration reach{};
    /// Whether it has `@`: it may read any time whatever `reach` says.
    bool fixed_time = false;
};

/// Every selector, those in functions, subqueries and both sides of operators included. A plain
/// `metric` without offset reads only the newest sample: its reach is 0.
[[nodiscard]] std::vector<SelectorUse> selectors(const Expr& expr,
                                                 Duration lookback = std::chrono::minutes(5));

}  // namespace pilotlight::promql

#pragma once

#include "core/error.h"
#include "rules/promql/evaluate.h"

namespace pilotlight::promql {

/// The value of one subexpression of `root` on its own at `options.at`: a step of the whole. `part`
/// is `root` or a node below it. What a subquery evaluates at other times has its value of now.
[[nodiscard]] Result<Value> evaluate_part(const Expr& root, const Expr& part,
                                          const series::Store& store, const EvalOptions& options);

}  // namespace pilotlight::promql

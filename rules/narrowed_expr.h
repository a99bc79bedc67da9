#pragma once

#include <string_view>

#include "rules/promql/ast.h"

namespace pilotlight::rules {

/// The label that every series of a probed target carries.
inline constexpr std::string_view kTargetLabel = "target";

/// Whether the expression's rows of one target rest on series of that target only, so that it can
/// be evaluated over these alone (promql::EvalOptions::only). With thousands of targets, news of
/// one then costs a look at its own series, not at all of them. Not so for aggregations that drop
/// the target, matching without it, absent(), scalar() and the like.
[[nodiscard]] bool rests_on_one_target(const promql::Expr& expr);

}  // namespace pilotlight::rules

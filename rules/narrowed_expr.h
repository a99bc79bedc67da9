#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/matcher.h"
#include "rules/promql/ast.h"

namespace pilotlight::rules {

/// The label that every series of a probed target carries.
inline constexpr std::string_view kTargetLabel = "target";

/// An expression over the series of one target at a time. With thousands of targets, news of one
/// costs a look at its own series, not at all of them.
class NarrowedExpr {
  public:
    /// Nothing where rows of one target may rest on series of another: aggregations that drop the
    /// target, matching without it, absent(), scalar() and the like.
    [[nodiscard]] static std::optional<NarrowedExpr> make(const promql::Expr& expr);

    /// Evaluates to the rows that carry this target, and no others. Good until the next call.
    [[nodiscard]] const promql::Expr& for_target(std::string_view target);

  private:
    promql::ExprPtr expr_;
    /// The conditions of its selectors, each with one on the target behind.
    std::vector<Matchers*> selectors_;
};

}  // namespace pilotlight::rules

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/matcher.h"
#include "core/time.h"
#include "rules/promql/ast.h"
#include "rules/promql/compatibility.h"
#include "rules/promql/value.h"
#include "series/store.h"

namespace pilotlight::promql {

struct EvalOptions {
    WallTime at;
    /// How long a sample stays valid where nothing newer came.
    Duration lookback = std::chrono::minutes(5);
    /// Live evaluation: a series whose own interval asks for a longer lookback gets it. Off, the
    /// answer is Prometheus's.
    bool series_lookback = false;
    /// The step of subqueries that give none: Prometheus's global evaluation interval.
    Duration subquery_step = std::chrono::minutes(1);
    Compatibility compatibility = Compatibility::prometheus3;
    /// Samples read and made in all; beyond it the evaluation fails.
    std::uint64_t sample_limit = 50'000'000;
    /// Where Prometheus's annotations ("bucket label "le" is missing ...") go, unless null; of
    /// those that only differ in their place the last one stays.
    std::vector<std::string>* warnings = nullptr;
    /// Where those go that tell of what is odd rather than wrong, unless null; Prometheus 3 only.
    std::vector<std::string>* infos = nullptr;
    /// The expression's text: annotations end with their place in it, `(1:6)`, unless empty. Must
    /// outlive the evaluation.
    std::string_view text = {};
    /// Asked every few thousand samples and steps, unless empty; true ends the evaluation with an
    /// error. For deadlines: the evaluation itself knows no time but the samples'.
    std::function<bool()> interrupted;
    /// Selectors see only series that it matches too, unless null.
    const Matcher* only = nullptr;
};

/// The expression's value at `options.at`. Errors: Prometheus's run-time errors in its words
/// (many-to-many matching, duplicate label sets, ...) and limits. Thread: the store's owner.
[[nodiscard]] Result<Value> evaluate(const Expr& expr, const series::Store& store,
                                     const EvalOptions& options);

/// The values at start, start + step, ... up to end, sorted by labels. Scalars become one series
/// without labels; strings and range vectors are refused. `options.at` is not used.
[[nodiscard]] Result<Matrix> evaluate_range(const Expr& expr, const series::Store& store,
                                            WallTime start, WallTime end, Duration step,
                                            const EvalOptions& options);

}  // namespace pilotlight::promql

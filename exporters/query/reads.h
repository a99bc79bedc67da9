#pragma once

#include <expected>
#include <string>
#include <vector>

#include "core/matcher.h"
#include "core/time.h"
#include "rules/promql/ast.h"

namespace pilotlight::query {

/// What is to be read of a store: the series that the matchers select, from `from` to `to`.
struct Read {
    Matchers matchers;
    WallTime from;
    WallTime to;
};

/// When an expression is evaluated: equal, and step 0, for an instant query.
struct Times {
    WallTime start;
    WallTime end;
    Duration step{0};
};

/// Everything that an evaluation of the expression at these times may look at, lookback, ranges,
/// offsets, `@` and subqueries included. Series that two reads select are in both with the same
/// times. Fails where a length of time that is computed cannot be (`[1m / 0]`).
[[nodiscard]] std::expected<std::vector<Read>, std::string> reads_of(const promql::Expr& expr,
                                                                     const Times& times,
                                                                     Duration lookback);

}  // namespace pilotlight::query

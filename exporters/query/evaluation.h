#pragma once

#include <memory>

#include "exporters/http.h"
#include "exporters/query/job.h"
#include "rules/promql/ast.h"

/// The requests that carry an expression. Parameters, checks, their order and their messages are
/// those of Prometheus 3's web/api/v1/api.go. One parameter is ours: `compatibility=2|3`.
namespace pilotlight::query {

/// The expression of the parameter `query`.
[[nodiscard]] Answer<std::shared_ptr<const promql::Expr>> expression_of(
    const exporters::Request& request, promql::Compatibility compatibility);
/// The parameter `compatibility`, or `otherwise`.
[[nodiscard]] Answer<promql::Compatibility> compatibility_of(const exporters::Request& request,
                                                             promql::Compatibility otherwise);

/// /api/v1/query: `query`, `time`, `timeout`, `limit`, `lookback_delta`.
[[nodiscard]] Answer<Job> instant_query(const exporters::Request& request, WallTime now,
                                        const Semantics& semantics, const Limits& limits);
/// /api/v1/query_range: `query`, `start`, `end`, `step`, and as above.
[[nodiscard]] Answer<Job> range_query(const exporters::Request& request, const Semantics& semantics,
                                      const Limits& limits);

}  // namespace pilotlight::query

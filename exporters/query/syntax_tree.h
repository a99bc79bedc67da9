#pragma once

#include <string>

#include "rules/promql/ast.h"

namespace pilotlight::query {

/// The JSON of an expression's tree, as Prometheus 3's /api/v1/parse_query gives it to tree views
/// (web/api/v1/translate_ast.go).
[[nodiscard]] std::string syntax_tree(const promql::Expr& expr);

}  // namespace pilotlight::query

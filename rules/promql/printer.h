#pragma once

#include <string>

#include "core/labels.h"
#include "rules/promql/ast.h"

namespace pilotlight::promql {

/// The expression in one line, as Prometheus prints it; parse() reads back an equal one.
[[nodiscard]] std::string to_string(const Expr& expr);

/// A float as Go's `%v` / strconv 'g' with the shortest digits prints it: `1e+06` only from 1e21.
[[nodiscard]] std::string format_float(double value);
/// The same without ever an exponent: Go's 'f'.
[[nodiscard]] std::string format_fixed(double value);

/// `{__name__="m", a="b"}`, as Prometheus's error messages name a series.
[[nodiscard]] std::string describe(const Labels& labels);

}  // namespace pilotlight::promql

#pragma once

#include "core/error.h"
#include "rules/promql/value.h"

namespace pilotlight::rules {

/// What rules and texts may work with: a vector as it is, a scalar as one row without labels.
/// Anything else is Prometheus's error "rule result is not a vector or scalar".
[[nodiscard]] Result<promql::Vector> vector_of(promql::Value value);

}  // namespace pilotlight::rules

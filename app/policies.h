#pragma once

#include "config/config.h"
#include "core/error.h"
#include "rules/policy.h"
#include "rules/promql/compatibility.h"

namespace pilotlight::app {

/// The configuration's alert_policies as the rules follow them; null for none. Errors: expressions
/// that cannot be parsed, or that give no rows, at their place.
[[nodiscard]] Checked<rules::SharedPolicies> read_policies(const config::Config& config,
                                                           promql::Compatibility compatibility);

}  // namespace pilotlight::app

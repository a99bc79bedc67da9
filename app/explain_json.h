#pragma once

#include <functional>
#include <string>
#include <vector>

#include "alerting/dispatcher.h"
#include "core/time.h"
#include "rules/explanation.h"

namespace pilotlight::app {

/// What GET /api/explain answers: one JSON document. `outward` gives the labels under which
/// receivers know an alert. Limits are those of `explanations`.
[[nodiscard]] std::string explain_json(const std::vector<rules::Explanation>& explanations,
                                       const alerting::Dispatcher& dispatcher,
                                       const std::function<Labels(const Labels&)>& outward,
                                       WallTime now);

}  // namespace pilotlight::app

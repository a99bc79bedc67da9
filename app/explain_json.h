#pragma once

#include <string>
#include <vector>

#include "app/explain_facts.h"
#include "core/time.h"
#include "rules/explanation.h"

namespace pilotlight::app {

/// What GET /api/explain answers: one JSON document. `facts` has one for each alert of each
/// explanation. Limits are those of `explanations`.
[[nodiscard]] std::string explain_json(const std::vector<rules::Explanation>& explanations,
                                       const std::vector<std::vector<ExplainFacts>>& facts,
                                       WallTime now);

}  // namespace pilotlight::app

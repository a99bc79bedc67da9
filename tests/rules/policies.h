#pragma once

#include <string_view>
#include <vector>

#include "rules/engine.h"
#include "rules/policy.h"

namespace pilotlight::rules {

/// A policy without any key set; `matchers` as Alertmanager writes them.
[[nodiscard]] AlertPolicy policy_for(std::string_view matchers);
[[nodiscard]] AlertPolicy on_no_data(OnNoData choice, std::string_view matchers = "");
[[nodiscard]] AlertPolicy on_error(OnError choice, std::string_view matchers = "");
[[nodiscard]] AlertPolicy resolve_when(std::string_view expression, std::string_view matchers = "");
[[nodiscard]] AlertPolicy flap(FlapPolicy flap, std::string_view matchers = "");

/// Options of an engine with these policies.
[[nodiscard]] EngineOptions with(std::vector<AlertPolicy> policies);

}  // namespace pilotlight::rules

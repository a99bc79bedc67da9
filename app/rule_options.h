#pragma once

#include <map>
#include <string>

#include "app/load.h"
#include "core/labels.h"
#include "rules/engine.h"

namespace pilotlight::app {

/// What every sample of a target carries, by the target's name.
using TargetLabels = std::map<std::string, Labels, std::less<>>;

/// How the configuration wants rules to be evaluated, but for what is asked of the targets: enough
/// to compile them.
[[nodiscard]] rules::EngineOptions rule_options(const Loaded& loaded);
/// The same with the targets, which outlive what it gives.
[[nodiscard]] rules::EngineOptions rule_options(const Loaded& loaded, const TargetLabels& targets);

}  // namespace pilotlight::app

#pragma once

#include <cstdint>

#include "rules/rule_file.h"

namespace pilotlight::rules {

/// What makes a rule the same rule after a reload or restart: file, group, name, expression, `for`
/// and labels. `repeat` tells apart rules that are the same in all of these: 0 for the first.
/// Stable across machines and versions: durable records carry it.
[[nodiscard]] std::uint64_t rule_id(const RuleGroup& group, const Rule& rule, std::size_t repeat);

}  // namespace pilotlight::rules

#pragma once

#include <cstdint>

#include "core/document.h"

namespace pilotlight::probes {

/// `hash` with all that the node says, its places left out: what tells a change of options.
[[nodiscard]] std::uint64_t hash_node(const Node& node, std::uint64_t hash);

}  // namespace pilotlight::probes

#pragma once

#include <cstddef>

#include "core/document.h"
#include "core/error.h"

namespace pilotlight::rules {

/// The place of byte `offset` of a scalar's text. Exact for one-line scalars without escapes and
/// for literal blocks, whose lines begin `indent` columns in; for folded ones the line is that of
/// the text's own line break.
[[nodiscard]] Location place_inside(const Node& node, int indent, std::size_t offset);

}  // namespace pilotlight::rules

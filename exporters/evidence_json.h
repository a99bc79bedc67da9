#pragma once

#include <string>

#include "core/evidence.h"

namespace pilotlight::exporters {

/// What was seen of one probe, as one JSON object on a line; bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string evidence_json(const Evidence& evidence);

}  // namespace pilotlight::exporters

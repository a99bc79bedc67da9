#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace pilotlight::app {

/// The document of GET /api/explain as a person reads it at three in the morning: the state first,
/// then what it rests on, then every step of the expression with its value.
[[nodiscard]] Result<std::string> explain_text(std::string_view document);

}  // namespace pilotlight::app

#pragma once

#include <span>
#include <string>

#include "config/options.h"

namespace pilotlight::config {

/// The rows as a table of Markdown; "" for none.
[[nodiscard]] std::string option_table(std::span<const OptionDoc> rows);

}  // namespace pilotlight::config

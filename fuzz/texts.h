#pragma once

#include <optional>
#include <string_view>

#include "core/document.h"

namespace pilotlight::fuzz {

/// The YAML of an input; nothing where it is none. Nothing also where it speaks of devices and
/// the like: readers open the files that a configuration names, and a terminal is read for ever.
[[nodiscard]] std::optional<Node> read_yaml(std::string_view input);
/// Whether an input names a place where reading a file does more than read it.
[[nodiscard]] bool names_devices(std::string_view input);

}  // namespace pilotlight::fuzz

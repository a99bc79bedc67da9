#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "core/error.h"

namespace pilotlight::config {

/// The first place of `text` that is no UTF-8 (RFC 3629) or a control character other than tab and
/// line ends.
[[nodiscard]] std::optional<Error> find_bad_character(std::string_view text, const FileName& file);

/// The line and column of that byte of `text`.
[[nodiscard]] Location place_of_byte(std::string_view text, std::size_t byte, const FileName& file);

}  // namespace pilotlight::config

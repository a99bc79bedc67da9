#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"

namespace pilotlight::config {

/// The first place of `text` that is no UTF-8 (RFC 3629) or a control character other than tab and
/// line ends. yaml-cpp repairs bad UTF-8 in silence and takes the byte 4 for the end of the file,
/// so that the rest would be lost: such texts must not reach it.
[[nodiscard]] std::optional<Error> find_bad_character(std::string_view text,
                                                      const std::string& file);

}  // namespace pilotlight::config

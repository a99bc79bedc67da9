#pragma once

#include <cstddef>
#include <string_view>

namespace pilotlight::exporters {

/// The length of the UTF-8 sequence that `text`, which is not empty, begins with; 0 where it is not
/// valid (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
[[nodiscard]] std::size_t utf8_length(std::string_view text);

}  // namespace pilotlight::exporters

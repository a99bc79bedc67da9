#pragma once

#include <string>
#include <string_view>

namespace pilotlight {

/// Whether `text` is UTF-8 (RFC 3629).
[[nodiscard]] bool is_valid_utf8(std::string_view text);

/// The text with U+FFFD for each byte that is no UTF-8. For label values where they enter: an
/// alert's labels are its identity, and must be the same in memory, in JSON and on disk.
[[nodiscard]] std::string to_valid_utf8(std::string_view text);

}  // namespace pilotlight

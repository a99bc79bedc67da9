#pragma once

#include <string>
#include <string_view>

namespace pilotlight {

/// The 20 bytes of the text's SHA-1 (RFC 3174), as a WebSocket handshake needs it. Not for secrets.
[[nodiscard]] std::string sha1(std::string_view text);

}  // namespace pilotlight

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Digests that old protocols ask for. Not for secrets.
namespace pilotlight {

/// The 20 bytes of the text's SHA-1 (RFC 3174), as a WebSocket handshake needs it.
[[nodiscard]] std::string sha1(std::string_view text);

/// The last eight bytes of the text's MD5 (RFC 1321) as a big-endian number: what Prometheus's
/// relabelling action `hashmod` divides.
[[nodiscard]] std::uint64_t md5_tail(std::string_view text);

}  // namespace pilotlight

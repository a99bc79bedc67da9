#pragma once

#include <cstdint>
#include <string_view>

namespace pilotlight {

/// The last eight bytes of the text's MD5 (RFC 1321) as a big-endian number: what Prometheus's
/// relabelling action `hashmod` divides. Not for secrets.
[[nodiscard]] std::uint64_t md5_tail(std::string_view text);

}  // namespace pilotlight

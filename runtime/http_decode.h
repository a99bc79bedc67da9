#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Inside of the HTTP client: content codings. zlib's and brotli's one home.
namespace pilotlight::runtime {

/// The codings that decode_body knows, as Accept-Encoding lists them.
inline constexpr std::string_view kAcceptedCodings = "gzip, deflate, br";

struct Decoded {
    std::string body;
    /// More was there than `limit` bytes: `body` is its beginning.
    bool truncated = false;
    /// The coding is unknown or the bytes are not of it; `body` is what came before the damage.
    bool damaged = false;
};

/// Undoes `coding` (gzip, x-gzip, deflate, br, identity; any case), at most to `limit` bytes, so
/// that no bomb can fill the memory. `complete` says whether `coded` is all there was.
[[nodiscard]] Decoded decode_body(std::string_view coding, std::string_view coded,
                                  std::uint64_t limit, bool complete);

}  // namespace pilotlight::runtime

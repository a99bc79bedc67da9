#pragma once

#include <string>
#include <string_view>

namespace pilotlight::runtime {

/// HMAC-SHA-256 of `text` under `key` (RFC 2104), 64 hexadecimal digits: by it a secret is known
/// again without being kept.
[[nodiscard]] std::string keyed_digest(std::string_view key, std::string_view text);

}  // namespace pilotlight::runtime

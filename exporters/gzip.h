#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pilotlight::exporters {

/// The text, given in pieces, as a gzip stream (RFC 1952), compressed for speed rather than size:
/// an exposition repeats itself so much that it shrinks well either way. Nothing when memory runs
/// out.
[[nodiscard]] std::optional<std::string> gzip(std::span<const std::string_view> pieces);

}  // namespace pilotlight::exporters

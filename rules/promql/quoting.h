#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace pilotlight::promql {

/// The text in double quotes, as Go's strconv.Quote: control characters and what is no UTF-8 as
/// escapes.
[[nodiscard]] std::string quote(std::string_view text);

/// What a string literal means, quotes included in `literal`: escapes of Go in `"` and `'`, none in
/// backticks. Escapes for bytes (\x, octal) stand for the byte. The error is a message.
[[nodiscard]] std::expected<std::string, std::string> unquote(std::string_view literal);

/// Bytes of the UTF-8 character at the start of `text`, or 0 where there is no valid one.
[[nodiscard]] std::size_t utf8_length(std::string_view text);
[[nodiscard]] bool is_valid_utf8(std::string_view text);

}  // namespace pilotlight::promql

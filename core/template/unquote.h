#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pilotlight::tmpl {

/// Go's strconv.Unquote for "...", `...` and '...': nothing where the text is not well-formed.
[[nodiscard]] std::optional<std::string> unquote(std::string_view quoted);

/// The character that '...' stands for.
[[nodiscard]] std::optional<char32_t> unquote_character(std::string_view quoted);

}  // namespace pilotlight::tmpl

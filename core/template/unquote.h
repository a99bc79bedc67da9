#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/template/value.h"

namespace pilotlight::tmpl {

/// Go's strconv.Unquote for "...", `...` and '...': nothing where the text is not well-formed.
[[nodiscard]] std::optional<std::string> unquote(std::string_view quoted);

/// The first character of a text that is not empty.
[[nodiscard]] char32_t first_rune(std::string_view text);

/// A number as Go writes constants: 10, -0x1f, 0b11, 1_000, 1.5e3, 0x1p-2. An integer where it is
/// written as one and fits, else a double; nothing where it is neither.
[[nodiscard]] std::optional<Value> read_number(std::string_view text);

}  // namespace pilotlight::tmpl

#pragma once

#include <expected>
#include <optional>
#include <string_view>

#include "core/template/value.h"

namespace pilotlight::tmpl {

/// Go's strconv.ParseFloat(text, 64): decimal or hexadecimal, `inf` and `nan` in any case, `_`
/// between digits. Fails with Go's words: "invalid syntax", "value out of range".
[[nodiscard]] std::expected<double, std::string_view> parse_real(std::string_view text);

/// A number as Go writes constants: 10, -0x1f, 0b11, 1_000, 1.5e3, 0x1p-2. An integer where it is
/// written as one and fits, else a double; nothing where it is neither. Go takes an integer beyond
/// an int64 when it parses and fails when it executes; here it is nothing.
[[nodiscard]] std::optional<Value> read_number(std::string_view text);

}  // namespace pilotlight::tmpl

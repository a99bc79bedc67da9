#pragma once

#include <optional>
#include <string_view>

namespace pilotlight::promql {

/// A number as the language writes one: decimal or hexadecimal, octal behind a 0, underscores
/// between digits, Inf and NaN in any case. No sign.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

/// A float as Go's strconv.ParseFloat reads it: a sign, decimals, Inf, Infinity, NaN.
[[nodiscard]] std::optional<double> parse_go_float(std::string_view text);

}  // namespace pilotlight::promql

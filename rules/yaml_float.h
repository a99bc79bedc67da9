#pragma once

#include <optional>
#include <string_view>

namespace pilotlight::rules {

/// A plain scalar that YAML reads as a number: decimal, hexadecimal, octal or binary integers,
/// `1.5e3`, `.inf`, `-.Inf`, `.nan`, `1_000`.
[[nodiscard]] std::optional<double> read_yaml_float(std::string_view text);

}  // namespace pilotlight::rules

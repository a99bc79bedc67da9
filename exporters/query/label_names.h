#pragma once

#include <string>
#include <string_view>

namespace pilotlight::query {

/// A label's name out of an address. `U__` escapes of UTF-8 names are undone (`U__a_2e_b` is
/// `a.b`); what is no valid escape stays as it is. Source: model.UnescapeName of
/// prometheus/common, ValueEncodingEscaping.
[[nodiscard]] std::string unescape_name(std::string_view name);

/// Not empty and valid UTF-8.
[[nodiscard]] bool is_label_name(std::string_view name);

}  // namespace pilotlight::query

#pragma once

#include <optional>
#include <string>

#include "core/template/value.h"

namespace pilotlight::tmpl {

/// What one value may be padded to: a page has no use for more.
inline constexpr int kPadMax = 10'000;

/// A directive of a format: `%+08.3f`.
struct Spec {
    bool minus = false;
    bool plus = false;
    bool sharp = false;
    bool space = false;
    bool zero = false;
    std::optional<int> width;
    std::optional<int> precision;
    char32_t verb = 'v';
    /// `%+v` and `%#v`, which mean something else than `+` and `#` of other verbs.
    bool plus_v = false;
    bool sharp_v = false;
};

/// The character in UTF-8.
[[nodiscard]] std::string spelled(char32_t code);

/// One value as Go's fmt prints it by a directive, complaints such as `%!d(string=x)` included.
/// Source: Go's fmt/print.go and fmt/format.go.
[[nodiscard]] std::string format_value(const Spec& spec, const Value& value);

}  // namespace pilotlight::tmpl

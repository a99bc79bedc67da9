#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pilotlight::exporters {

/// Whether a Content-Type says that the body is a form, whatever parameters it has.
[[nodiscard]] bool is_form(std::string_view content_type);

/// The fields of a body of type application/x-www-form-urlencoded, in order, `+` and `%41`
/// decoded. What is no valid escape stays as it is; fields without `=` have the value "".
/// Source: url.spec.whatwg.org, 5.1.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> read_form(std::string_view body);

}  // namespace pilotlight::exporters

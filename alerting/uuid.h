#pragma once

#include <string>
#include <string_view>

namespace pilotlight::alerting {

/// A random UUID (RFC 9562, version 4): 36 characters, lower case.
[[nodiscard]] std::string random_uuid();

/// Whether the text has the form of any UUID, in either case of letters.
[[nodiscard]] bool is_uuid(std::string_view text);

}  // namespace pilotlight::alerting

#pragma once

#include <string_view>

namespace pilotlight::app {

/// The project's version (CMakeLists.txt) and the commit it was built from, "unknown" outside a
/// checkout.
extern const std::string_view kVersion;
extern const std::string_view kRevision;

}  // namespace pilotlight::app

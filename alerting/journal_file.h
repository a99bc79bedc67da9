#pragma once

#include <string>

#include "core/error.h"

/// The journal's file, as far as it is a file.
namespace pilotlight::alerting {

/// What no waiting will mend: something that is no file, or a file of somebody else's. A full disk
/// is neither.
[[nodiscard]] bool is_unreadable(const std::string& path);

/// Moves the database and its two companions out of the way, to a name with a time stamp, which it
/// gives.
[[nodiscard]] Result<std::string> set_aside(const std::string& path);

}  // namespace pilotlight::alerting

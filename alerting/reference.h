#pragma once

#include <string>

namespace pilotlight::alerting {

/// docs/alerting.md: every key of the alerting file, from the tables that read it.
[[nodiscard]] std::string alerting_reference();

}  // namespace pilotlight::alerting

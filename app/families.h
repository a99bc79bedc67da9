#pragma once

#include <optional>
#include <string_view>

#include "exporters/text_writer.h"

namespace pilotlight::app {

/// Type and help of the names that Pilotlight's own probers and rules emit; nothing for others.
/// Thread: any.
[[nodiscard]] std::optional<exporters::Description> describe_family(std::string_view name);

}  // namespace pilotlight::app

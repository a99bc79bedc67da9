#pragma once

#include <string>
#include <string_view>

#include "core/time.h"

namespace pilotlight::app::demo {

/// A Slack webhook's payload as lines for a terminal: what the channel would show. Says so in one
/// line where the payload is no JSON object. `color`: whether ANSI colours may be used.
[[nodiscard]] std::string render_slack_message(std::string_view payload, WallTime now, bool color);

}  // namespace pilotlight::app::demo

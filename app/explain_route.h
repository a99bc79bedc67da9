#pragma once

#include <functional>

#include "app/engine.h"
#include "exporters/site.h"
#include "runtime/loop.h"

namespace pilotlight::app {

/// `GET /api/explain?alert=NAME&label=NAME=VALUE...`: why the alerts of that name are in their
/// states. Asks the engine, and waits with a limit. `engine` gives null while there is none; what
/// it gives is used on the loop only, and must outlive that.
[[nodiscard]] exporters::ExtraRoute explain_route(runtime::Loop& engine_loop,
                                                  std::function<const Engine*()> engine);

}  // namespace pilotlight::app

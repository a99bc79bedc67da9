#pragma once

#include <functional>

#include "app/engine.h"
#include "exporters/site.h"
#include "runtime/loop.h"

namespace pilotlight::app {

/// `GET /api/explain?alert=NAME&label=NAME=VALUE...`: why the alerts of that name are in their
/// states. Asks the engine for what it knows, copies what the rules read, as a query does, and
/// evaluates the copies; one request at a time, each within a limit. `engine` gives null while
/// there is none; what it gives is used on the loop only, and must outlive that.
[[nodiscard]] exporters::ExtraRoute explain_route(runtime::Loop& engine_loop,
                                                  std::function<Engine*()> engine);

}  // namespace pilotlight::app

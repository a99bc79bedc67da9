#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "app/engine.h"
#include "exporters/site.h"
#include "runtime/loop.h"

namespace pilotlight::app {

/// `GET, POST, HEAD /heartbeat/NAME[/start, /fail, /EXITCODE]`: open to all, as jobs run on other
/// machines, but for those whose heartbeat has a token. Answered with 200 once the ping is on disk.
/// What is given outlives the routes.
[[nodiscard]] std::vector<exporters::ExtraRoute> heartbeat_routes(
    runtime::Loop& loop, const std::unique_ptr<Engine>& engine, const std::atomic<bool>& runs);

}  // namespace pilotlight::app

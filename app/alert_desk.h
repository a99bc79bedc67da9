#pragma once

#include <atomic>
#include <memory>

#include "app/engine.h"
#include "exporters/alertmanager_api/desk.h"
#include "runtime/loop.h"

namespace pilotlight::app {

/// The desk at which HTTP threads ask the engine: each call is carried to its loop and waits a few
/// seconds, then for the journal's commit. All refer to things that outlive the listener; `runs` is
/// false while there is no engine to ask.
[[nodiscard]] exporters::alertmanager_api::AlertDesk make_alert_desk(
    runtime::Loop& loop, std::unique_ptr<Engine>& engine, const std::atomic<bool>& runs);

}  // namespace pilotlight::app

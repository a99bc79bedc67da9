#pragma once

#include <chrono>

namespace pilotlight::runtime {

/// How long this machine was suspended since it was started: what the steady clock leaves out.
/// Always 0 where the system does not tell. Any thread.
[[nodiscard]] std::chrono::nanoseconds time_suspended();

}  // namespace pilotlight::runtime

#pragma once

#include <cstddef>
#include <string_view>

#include "core/error.h"
#include "probes/heartbeat_state.h"

namespace pilotlight::probes {

/// What stands behind `/heartbeat/`: a name, and what of it is told.
struct HeartbeatAddress {
    std::string_view name;
    /// "" for a success; `start`, `fail` or an exit code.
    std::string_view action;
};

/// At the first `/`; one at the end says nothing.
[[nodiscard]] HeartbeatAddress split_heartbeat_address(std::string_view path);

/// Fails on an action that is none (an exit code is 0 to 255, one to three digits) and on an id of
/// a run that is not text on one line of at most 100 bytes.
[[nodiscard]] Result<HeartbeatPing> read_heartbeat_ping(std::string_view action,
                                                        std::string_view run);

/// So much of what a job printed is kept: its end.
inline constexpr std::size_t kHeartbeatBodyMax = 10'240;

}  // namespace pilotlight::probes

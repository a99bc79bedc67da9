#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/time.h"
#include "probes/heartbeat_state.h"

namespace pilotlight::app {

/// What the journal keeps of a heartbeat: docs/formats/journal.md.
struct HeartbeatRecord {
    probes::HeartbeatState state;
    /// Since when no target has that name.
    std::optional<WallTime> gone_since;

    bool operator==(const HeartbeatRecord&) const = default;
};

[[nodiscard]] std::string to_json(const HeartbeatRecord& record);
/// Fails on what is no such record; keys that are missing are as those of a new heartbeat.
[[nodiscard]] Result<HeartbeatRecord> heartbeat_record_from(std::string_view json);

}  // namespace pilotlight::app

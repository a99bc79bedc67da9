#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exporters/snapshot.h"

namespace pilotlight::exporters {

/// One thing that Pilotlight needs in order to do its own work.
struct Check {
    /// "journal", "probes", "rules", "delivery", "config".
    std::string_view name;
    /// What is wrong, one line without secrets; empty when it works.
    std::string trouble;

    [[nodiscard]] bool ok() const { return trouble.empty(); }
};

/// Judges Pilotlight itself, always all five checks, in that order:
/// - journal: it can be written;
/// - probes: every target was probed when it was due, give or take a turn, and could be judged;
/// - rules: none failed when last evaluated;
/// - delivery: every receiver accepted the last attempt;
/// - config: the newest files are live.
/// When the engine is stuck (see kStuckAfter), probes and rules say so.
[[nodiscard]] std::vector<Check> check_self(const Snapshot& snapshot, WallTime now);

/// Whether the snapshot is too old for an engine that turns.
[[nodiscard]] bool is_stuck(const Snapshot& snapshot, WallTime now);

}  // namespace pilotlight::exporters

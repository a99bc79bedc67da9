#pragma once

#include <span>
#include <string>
#include <vector>

#include "alerting/journal.h"
#include "config/config.h"
#include "core/error.h"
#include "probes/target.h"

/// From what sources of targets say to targets that are probed. Pure.
namespace pilotlight::app {

/// What one source said last.
struct SourceTargets {
    /// As messages name it.
    std::string name;
    const config::TargetPattern& pattern;
    const std::vector<config::DiscoveredTarget>& targets;
};

/// By address and labels, each once: sources answer in any order, which is no news.
[[nodiscard]] std::vector<config::DiscoveredTarget> in_order(
    std::vector<config::DiscoveredTarget> targets);
[[nodiscard]] bool is_same(const std::vector<config::DiscoveredTarget>& a,
                           const std::vector<config::DiscoveredTarget>& b);

/// For the journal, and back. Fails where the record is of another form.
[[nodiscard]] alerting::Record record_of(const std::string& key,
                                         const std::vector<config::DiscoveredTarget>& targets);
[[nodiscard]] Result<std::vector<config::DiscoveredTarget>> targets_from(
    const alerting::Record& record);

/// Adds to `targets`, which are those of the files, what relabelling makes of the sources'. A
/// target that is none, or whose name is taken, is left out, as are those beyond `targets_max` in
/// all; the same target twice is one. Returns what was left out, a line each, without addresses.
[[nodiscard]] std::vector<std::string> add_discovered(
    std::span<const SourceTargets> sources, const config::Limits& limits,
    std::vector<probes::PreparedTarget>& targets, std::size_t targets_max = config::kTargetsMax);

}  // namespace pilotlight::app

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/error.h"
#include "core/labels.h"
#include "probes/probe.h"

namespace pilotlight::probes {

/// What is known of a target for as long as its configuration stands. Immutable, shared by the
/// probe loop and the engine.
struct Target {
    config::TargetConfig config;
    /// The label `instance`: the address without user, password and query; this machine's name
    /// where there is no address; or what the target's own labels say.
    std::string instance;
    /// What every one of its samples carries: target, instance, prober, service, its own labels.
    Labels labels;
    /// The host that it asks, lower case, IPv6 without brackets; empty where it asks none.
    std::string host;
    /// A hash of all of `config` but its place in the file: a reload keeps what is equal.
    std::uint64_t fingerprint = 0;
    /// What its prober awaits(): null where it is asked.
    std::shared_ptr<const HeartbeatOptions> heartbeat;
};
using SharedTarget = std::shared_ptr<const Target>;

/// A target with the prober made for it: what a runner takes.
struct PreparedTarget {
    SharedTarget target;
    std::unique_ptr<Prober> prober;
    /// Makes another one like it: a prober asks one address at a time.
    std::function<std::unique_ptr<Prober>()> make_another = {};
};

[[nodiscard]] std::vector<SharedTarget> shared_targets(const std::vector<PreparedTarget>& prepared);

/// Makes every target's prober, or tells all that is wrong with their options. Does no I/O but
/// asking for the machine's name.
[[nodiscard]] Checked<std::vector<PreparedTarget>> prepare_targets(const config::Config& config);
[[nodiscard]] Checked<PreparedTarget> prepare_target(const config::TargetConfig& config,
                                                     const config::Limits& limits);

}  // namespace pilotlight::probes

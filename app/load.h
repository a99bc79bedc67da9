#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/routing_config.h"
#include "config/config.h"
#include "core/error.h"
#include "probes/discoverer.h"
#include "probes/target.h"
#include "rules/policy.h"
#include "rules/rule_file.h"

namespace pilotlight::app {

/// One for each entry of Config::discoveries, in order.
using Discoverers = std::vector<std::unique_ptr<probes::Discoverer>>;

/// Everything that the files say, read and checked as a whole: what a start or a reload puts in
/// force, all of it or nothing.
struct Loaded {
    std::shared_ptr<const config::Config> config;
    std::vector<rules::RuleFile> rule_files;
    rules::SharedPolicies policies;
    alerting::SharedRouting routing;
    std::vector<probes::PreparedTarget> targets;
    Discoverers discoverers;
    /// What is accepted and not acted on, or looks like a mistake: to be said aloud.
    Errors warnings;
};

struct LoadResult {
    Checked<Loaded> loaded;
    /// Files and globs to watch: every file that was read, or would have been, good or bad.
    std::vector<std::string> watched;
};

/// Reads the main file and every file that it names. Blocks on the disk; touches nothing that runs.
[[nodiscard]] LoadResult load_everything(const std::string& path);

/// Names of every prober, for config::load_config.
[[nodiscard]] std::span<const std::string_view> prober_names();

}  // namespace pilotlight::app

#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "exporters/query/service.h"
#include "probes/runner.h"

/// What the parts of the daemon take of a configuration.
namespace pilotlight::app {

[[nodiscard]] query::Semantics semantics_of(const config::Config& config);
/// Names, besides addresses, by which requests may call the listener.
[[nodiscard]] std::vector<std::string> host_names_of(const config::Config& config);
[[nodiscard]] probes::Runner::Options runner_options(const config::Config& config);

/// Logs which keys have changed that a reload does not put in force.
void warn_of_next_start(const config::Config& before, const config::Config& now);

}  // namespace pilotlight::app

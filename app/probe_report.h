#pragma once

#include <string>

#include "app/probe_history.h"
#include "app/probe_request.h"
#include "probes/runner.h"

/// What is told of a probe that /probe was asked for. Pure.
namespace pilotlight::app {

/// Its samples without a target's labels. Of a probe that could not judge too: a scraper has no
/// third outcome, and what was not seen to work did not.
[[nodiscard]] SharedBatch samples_of(const probes::ProbeRun& run);

/// For the history; `samples`: what samples_of() made of it.
[[nodiscard]] PastProbe past_probe(const std::string& module, const std::string& target,
                                   bool is_open, const probes::ProbeRun& run, SharedBatch samples);

/// The answer with `debug=true`: the log, then the metrics.
[[nodiscard]] std::string debug_text(const PastProbe& probe);

/// A table, a line each.
[[nodiscard]] std::string list_text(const std::vector<SharedPastProbe>& probes);

}  // namespace pilotlight::app

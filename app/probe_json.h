#pragma once

#include <string>

#include "probes/runner.h"

namespace pilotlight::app {

/// All that is known of one probe, as one JSON object: the outcome, in plain words too, phases,
/// evidence, samples. `indent` as many spaces a level, or one line where it is negative. Pure.
[[nodiscard]] std::string json_of(const probes::ProbeRun& run, int indent);

}  // namespace pilotlight::app

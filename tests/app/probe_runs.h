#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/time.h"
#include "probes/runner.h"

/// Probes that have ended, made up.
namespace pilotlight::app::testing {

/// Of an HTTP target `api` that took 100 ms; `samples` as name, phase (or "") and value.
inline probes::ProbeRun made_up_run(
    const std::vector<std::tuple<std::string, std::string, double>>& samples,
    probes::Outcome outcome = probes::Outcome::ok()) {
    auto target = std::make_shared<probes::Target>();
    target->config.name = "api";
    target->config.prober = "http";
    target->instance = "https://api.example/health";
    auto batch = std::make_shared<SampleBatch>();
    for (const auto& [name, phase, value] : samples) {
        batch->samples.push_back({Labels{{kMetricName, name}, {"phase", phase}}, value});
    }
    probes::ProbeRun run;
    run.target = std::move(target);
    run.outcome = std::move(outcome);
    run.duration = std::chrono::milliseconds(100);
    run.started_at = *parse_time("2026-11-23T14:00:00.250Z");
    run.batch = std::move(batch);
    return run;
}

}  // namespace pilotlight::app::testing

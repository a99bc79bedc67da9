#include "app/probe_json.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "app/probe_phases.h"
#include "app/probe_words.h"
#include "core/sample.h"
#include "core/time.h"
#include "exporters/evidence_json.h"

namespace pilotlight::app {
namespace {

using nlohmann::ordered_json;

double seconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

ordered_json samples_json(const SampleBatch& batch) {
    ordered_json samples = ordered_json::array();
    for (const Sample& sample : batch.samples) {
        ordered_json labels = ordered_json::object();
        for (const Label label : sample.labels)
            labels[std::string(label.name)] = label.value;
        // JSON has no NaN or infinity: values are texts, as in Prometheus's API.
        samples.push_back({{"labels", labels}, {"value", format_value(sample.value)}});
    }
    return samples;
}

ordered_json phases_json(const std::vector<ProbePhase>& phases) {
    ordered_json all = ordered_json::array();
    for (const ProbePhase& phase : phases)
        all.push_back({{"name", phase.name}, {"seconds", seconds(phase.took)}});
    return all;
}

ordered_json evidence_json(const SharedEvidence& evidence) {
    if (evidence == nullptr) return nullptr;
    ordered_json json = ordered_json::parse(exporters::evidence_json(*evidence));
    // Those of the probe stand beside it.
    json.erase("at");
    json.erase("phases");
    return json;
}

}  // namespace

std::string json_of(const probes::ProbeRun& run, int indent) {
    const ordered_json document = {{"target", run.target->config.name},
                                   {"prober", run.target->config.prober},
                                   {"instance", run.target->instance},
                                   {"started_at", format_time(run.started_at)},
                                   {"result", probes::to_string(run.outcome.verdict)},
                                   {"phase", run.outcome.phase},
                                   {"reason", run.outcome.reason},
                                   {"detail", run.outcome.detail},
                                   {"in_words", outcome_in_words(run.outcome)},
                                   {"duration_seconds", seconds(run.duration)},
                                   {"phases", phases_json(phases_of(run))},
                                   {"evidence", evidence_json(run.evidence)},
                                   {"samples", samples_json(*run.batch)}};
    return document.dump(indent, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace pilotlight::app

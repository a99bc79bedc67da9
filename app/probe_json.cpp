#include "app/probe_json.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "app/probe_phases.h"
#include "app/probe_words.h"
#include "core/sample.h"
#include "core/time.h"

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

ordered_json certificate_json(const TlsEvidence::Certificate& certificate) {
    return {{"subject", certificate.subject},
            {"issuer", certificate.issuer},
            {"names", certificate.names},
            {"more_names", certificate.more_names},
            {"serial", certificate.serial},
            {"fingerprint_sha256", certificate.fingerprint_sha256},
            {"not_before", format_time(certificate.not_before)},
            {"not_after", format_time(certificate.not_after)}};
}

ordered_json tls_json(const std::optional<TlsEvidence>& tls) {
    if (!tls) return nullptr;
    ordered_json chain = ordered_json::array();
    for (const TlsEvidence::Certificate& certificate : tls->chain)
        chain.push_back(certificate_json(certificate));
    return {{"version", tls->version}, {"cipher", tls->cipher},
            {"alpn", tls->alpn},       {"verified", tls->verified},
            {"reason", tls->reason},   {"detail", tls->detail},
            {"chain", chain}};
}

ordered_json evidence_json(const SharedEvidence& evidence) {
    if (evidence == nullptr) return nullptr;
    ordered_json addresses = ordered_json::array();
    for (const Evidence::Address& each : evidence->addresses) {
        addresses.push_back(
            {{"address", each.address}, {"tried", each.tried}, {"error", each.error}});
    }
    ordered_json headers = ordered_json::array();
    for (const Evidence::Header& header : evidence->headers)
        headers.push_back({{"name", header.name}, {"value", header.value}});
    return {{"addresses", addresses},
            {"tls", tls_json(evidence->tls)},
            {"status_line", evidence->status_line},
            {"headers", headers},
            {"body", evidence->body},
            {"body_bytes", evidence->body_bytes},
            {"dialogue", evidence->dialogue}};
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

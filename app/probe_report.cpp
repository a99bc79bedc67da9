#include "app/probe_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/families.h"
#include "exporters/text_writer.h"
#include "probes/network.h"

namespace pilotlight::app {
namespace {

bool is_plain(std::string_view text) {
    const auto needs_quotes = [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\';
    };
    return !text.empty() && std::ranges::none_of(text, needs_quotes);
}

std::string field(std::string_view name, std::string_view value) {
    if (is_plain(value)) return fmt::format(" {}={}", name, value);
    std::string quoted;
    append_escaped_label_value(quoted, value);
    return fmt::format(" {}=\"{}\"", name, quoted);
}

/// One line in the form of logfmt, as blackbox_exporter writes them.
void add_line(PastProbe& probe, WallTime at, std::string_view level, std::string_view message,
              const std::string& more) {
    probe.log += fmt::format("ts={} level={}", format_time(at), level);
    probe.log += field("module", probe.module) + field("target", probe.target);
    probe.log += field("msg", message) + more + "\n";
}

void add_phases(PastProbe& probe, const SampleBatch& batch, WallTime at) {
    for (const Sample& sample : batch.samples) {
        const std::string_view phase = sample.labels.get("phase");
        const bool is_phase = sample.labels.metric_name().ends_with("_duration_seconds");
        if (!is_phase || phase.empty() || is_stale(sample.value)) continue;
        add_line(probe, at, "info", "Phase ended",
                 field("phase", phase) + field("duration_seconds", format_value(sample.value)));
    }
}

void add_handshake(PastProbe& probe, const TlsEvidence& tls, WallTime at) {
    add_line(probe, at, tls.verified ? "info" : "error", "TLS handshake",
             field("version", tls.version) + field("cipher", tls.cipher) +
                 field("verified", tls.verified ? "true" : "false") + field("reason", tls.reason));
    for (const TlsEvidence::Certificate& certificate : tls.chain) {
        add_line(probe, at, "info", "Certificate",
                 field("subject", certificate.subject) + field("issuer", certificate.issuer) +
                     field("not_before", format_time(certificate.not_before)) +
                     field("not_after", format_time(certificate.not_after)));
    }
}

void add_evidence(PastProbe& probe, const Evidence& evidence, WallTime at) {
    for (const Evidence::Address& each : evidence.addresses) {
        add_line(probe, at, each.error.empty() ? "info" : "error", "Resolved target address",
                 field("ip", each.address) + field("tried", each.tried ? "true" : "false") +
                     field("error", each.error));
    }
    if (evidence.tls) add_handshake(probe, *evidence.tls, at);
    if (!evidence.status_line.empty()) {
        add_line(probe, at, "info", "Received answer", field("status", evidence.status_line));
    }
    for (const Evidence::Header& header : evidence.headers) {
        add_line(probe, at, "info", "Received header",
                 field("name", header.name) + field("value", header.value));
    }
    for (const std::string& line : evidence.dialogue)
        add_line(probe, at, "info", "Dialogue", field("line", line));
    if (!evidence.body.empty()) {
        add_line(
            probe, at, "info", "Received body",
            field("bytes", std::to_string(evidence.body_bytes)) + field("begins", evidence.body));
    }
}

void add_end(PastProbe& probe, const probes::ProbeRun& run, WallTime at) {
    const std::string took =
        field("duration_seconds", fmt::format("{:.6f}", probes::seconds_of(run.duration)));
    if (probe.successful) return add_line(probe, at, "info", "Probe succeeded", took);
    const probes::Outcome& outcome = run.outcome;
    add_line(probe, at, "error", "Probe failed",
             field("result", probes::to_string(outcome.verdict)) + field("phase", outcome.phase) +
                 field("reason", outcome.reason) + field("detail", outcome.detail) + took);
}

}  // namespace

SharedBatch samples_of(const probes::ProbeRun& run) {
    if (run.outcome.verdict != probes::Verdict::unknown) return run.batch;
    auto batch = std::make_shared<SampleBatch>();
    batch->at = run.started_at;
    batch->samples = {
        {Labels{{kMetricName, "probe_success"}}, 0},
        {Labels{{kMetricName, "probe_duration_seconds"}}, probes::seconds_of(run.duration)},
        {Labels{{kMetricName, "probe_failure_info"},
                {"phase", run.outcome.phase},
                {"reason", run.outcome.reason}},
         1}};
    return batch;
}

PastProbe past_probe(const std::string& module, const std::string& target, bool is_open,
                     const probes::ProbeRun& run, SharedBatch samples) {
    PastProbe probe;
    probe.at = run.started_at;
    probe.module = module;
    probe.target = target;
    probe.is_open = is_open;
    probe.successful = run.outcome.verdict == probes::Verdict::ok;
    const config::TargetConfig& config = run.target->config;
    add_line(probe, run.started_at, "info", "Beginning probe",
             field("probe", config.prober) +
                 field("timeout_seconds", fmt::format("{}", probes::seconds_of(config.timeout))));
    const WallTime end = run.started_at + std::chrono::duration_cast<Duration>(run.duration);
    if (run.evidence != nullptr) add_evidence(probe, *run.evidence, end);
    add_phases(probe, *samples, end);
    add_end(probe, run, end);
    probe.batch = std::move(samples);
    return probe;
}

std::string debug_text(const PastProbe& probe) {
    std::string text = "Logs for the probe:\n" + probe.log;
    text += "\n\n\nMetrics that would have been returned:\n";
    if (probe.batch == nullptr) return text + "too many to be kept\n";
    return text + exporters::write_metrics({}, probe.batch.get(), &describe_family, {})->text();
}

std::string list_text(const std::vector<SharedPastProbe>& probes) {
    std::string text = fmt::format("{:>8}  {:<24}  {:<7}  {:<20}  {}\n", "ID", "TIME", "RESULT",
                                   "MODULE", "TARGET");
    for (const SharedPastProbe& probe : probes) {
        text +=
            fmt::format("{:>8}  {:<24}  {:<7}  {:<20}  {}\n", probe->id, format_time(probe->at),
                        probe->successful ? "success" : "failure", probe->module, probe->target);
    }
    return text + "\nGET /logs?id=ID or /logs?target=TARGET tells what happened.\n";
}

}  // namespace pilotlight::app

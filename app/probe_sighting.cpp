#include "app/probe_sighting.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/probe_picture.h"
#include "app/probe_words.h"
#include "core/sample.h"

namespace pilotlight::app {
namespace {

const Sample* find(const SampleBatch& batch, std::string_view name) {
    const auto found = std::ranges::find_if(
        batch.samples, [&](const Sample& sample) { return sample.labels.metric_name() == name; });
    return found == batch.samples.end() ? nullptr : &*found;
}

std::string status_in(const SampleBatch& batch) {
    const Sample* const status = find(batch, "probe_http_status_code");
    return status == nullptr || status->value == 0 ? "" : format_value(status->value);
}

std::string certificate_in(const probes::ProbeRun& run) {
    if (run.evidence != nullptr && run.evidence->tls && !run.evidence->tls->chain.empty()) {
        return run.evidence->tls->chain.front().fingerprint_sha256;
    }
    const Sample* const info = find(*run.batch, "probe_ssl_last_chain_info");
    return info == nullptr ? "" : std::string(info->labels.get("fingerprint_sha256"));
}

std::string connected_address(const SharedEvidence& evidence) {
    if (evidence == nullptr) return "";
    const auto found = std::ranges::find_if(evidence->addresses, [](const Evidence::Address& each) {
        return each.tried && each.error.empty();
    });
    return found == evidence->addresses.end() ? "" : found->address;
}

/// What told it apart before, in its words.
std::string outcome_before(const probes::Outcome& before) {
    std::string text = fmt::format("was {}", probes::to_string(before.verdict));
    if (before.verdict != probes::Verdict::ok) {
        text += fmt::format(" ({}: {})", before.phase, before.reason);
    }
    return text;
}

bool is_same(const probes::Outcome& a, const probes::Outcome& b) {
    return a.verdict == b.verdict && a.phase == b.phase && a.reason == b.reason;
}

std::string counted(std::uint64_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

Sighting sighting_of(const probes::ProbeRun& run) {
    return {.at = run.started_at,
            .took = run.duration,
            .outcome = run.outcome,
            .status = status_in(*run.batch),
            .address = connected_address(run.evidence),
            .certificate = certificate_in(run)};
}

std::vector<std::string> changes_between(const Sighting& before, const Sighting& now) {
    std::vector<std::string> changes;
    if (!is_same(before.outcome, now.outcome)) changes.push_back(outcome_before(before.outcome));
    const auto compare = [&](std::string_view what, const std::string& was, const std::string& is) {
        if (was.empty() || is.empty() || was == is) return;
        changes.push_back(fmt::format("{} was {}", what, was));
    };
    compare("status", before.status, now.status);
    compare("address", before.address, now.address);
    const bool has_both = !before.certificate.empty() && !now.certificate.empty();
    if (has_both && before.certificate != now.certificate) {
        changes.emplace_back("another certificate");
    }
    return changes;
}

std::string line_of(const Sighting& sighting, const std::vector<std::string>& changes,
                    const Terminal& terminal) {
    constexpr std::string_view kClock = "03:04:05.678Z";
    const probes::Verdict verdict = sighting.outcome.verdict;
    const std::string padded = fmt::format("{:<7}", probes::to_string(verdict));
    std::string line = fmt::format(
        "{} {}  {} {:>10.3f} ms", changes.empty() ? " " : terminal.colored("*", "1"),
        format_time(sighting.at).substr(std::string_view("2026-01-02T").size(), kClock.size()),
        terminal.colored(padded, color_of(verdict)),
        std::chrono::duration<double, std::milli>(sighting.took).count());
    for (const std::string* part : {&sighting.status, &sighting.address}) {
        if (!part->empty()) line += "  " + *part;
    }
    const std::string why = outcome_in_words(sighting.outcome);
    if (!why.empty()) line += "  " + why;
    if (changes.empty()) return line;
    return line + "  " + terminal.colored(fmt::format("({})", fmt::join(changes, ", ")), "1");
}

void SightingCounts::add(const Sighting& sighting, bool has_changes) {
    switch (sighting.outcome.verdict) {
        case probes::Verdict::ok:
            ++ok;
            break;
        case probes::Verdict::failed:
            ++failed;
            break;
        case probes::Verdict::unknown:
            ++unknown;
            break;
    }
    if (has_changes) ++changed;
}

std::string counts_in_words(const SightingCounts& counts) {
    std::string text = counted(counts.all(), "probe") + fmt::format(": {} ok", counts.ok);
    if (counts.failed > 0) text += fmt::format(", {} failed", counts.failed);
    if (counts.unknown > 0) text += fmt::format(", {} unknown", counts.unknown);
    return text + "; " + counted(counts.changed, "change");
}

}  // namespace pilotlight::app

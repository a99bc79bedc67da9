#include "probes/address_verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/check.h"

namespace pilotlight::probes {
namespace {

constexpr std::size_t kToldMax = 4;
constexpr std::string_view kExpiry = "probe_ssl_earliest_cert_expiry";

bool is_enough(config::AddressPolicy policy, std::size_t good, std::size_t judged) {
    switch (policy) {
        case config::AddressPolicy::first:
        case config::AddressPolicy::any:
            return good > 0;
        case config::AddressPolicy::each:
            return good == judged;
        case config::AddressPolicy::quorum:
            return 2 * good > judged;
    }
    PILOT_CHECK(false);
}

std::string what_failed(const std::vector<AddressReport>& reports, std::size_t failed,
                        std::size_t judged) {
    std::string text = fmt::format("{} of {} addresses failed: ", failed, judged);
    std::size_t told = 0;
    for (const AddressReport& each : reports) {
        const Outcome& outcome = each.report.outcome;
        if (outcome.verdict != Verdict::failed) continue;
        if (told == kToldMax) {
            text += fmt::format("; and {} more", failed - told);
            break;
        }
        if (told > 0) text += "; ";
        text += fmt::format("{} {}/{} ({})", each.address.to_string(), outcome.phase,
                            outcome.reason, outcome.detail);
        ++told;
    }
    if (judged < reports.size()) {
        text += fmt::format("; {} could not be judged from here", reports.size() - judged);
    }
    return text;
}

const Measurement* find(const Report& report, std::string_view name) {
    const auto found = std::ranges::find(report.measurements, name, &Measurement::name);
    return found == report.measurements.end() ? nullptr : &*found;
}

/// The certificate to renew first may be any server's.
void put_earliest_expiry(const std::vector<AddressReport>& reports, Report& out) {
    const auto own = std::ranges::find(out.measurements, kExpiry, &Measurement::name);
    if (own == out.measurements.end()) return;
    for (const AddressReport& each : reports) {
        if (const Measurement* theirs = find(each.report, kExpiry)) {
            own->value = std::min(own->value, theirs->value);
        }
    }
}

void add_look_up(std::chrono::nanoseconds took, Report& out) {
    for (Measurement& measurement : out.measurements) {
        const bool is_phase =
            measurement.name.ends_with("_duration_seconds") && measurement.labels.size() == 1 &&
            measurement.labels.front() == std::pair<std::string, std::string>("phase", "resolve");
        if (is_phase || measurement.name == "probe_dns_lookup_time_seconds") {
            measurement.value += std::chrono::duration<double>(took).count();
        }
    }
}

/// What was seen is of one address; which others there are is told beside it.
void add_other_addresses(const std::vector<AddressReport>& reports, Report& out) {
    if (out.evidence == nullptr) return;
    out.evidence->addresses.clear();
    for (const AddressReport& each : reports) {
        const Outcome& outcome = each.report.outcome;
        const bool ok = outcome.verdict == Verdict::ok;
        out.evidence->addresses.push_back(
            {each.address.to_string(), true,
             ok ? "" : fmt::format("{}/{}", outcome.phase, outcome.reason)});
    }
}

/// Where servers show several certificates, going from one to the other is no change.
void drop_unlike_certificates(const std::vector<AddressReport>& reports, Report& out) {
    const bool unlike = std::ranges::any_of(reports, [&](const AddressReport& each) {
        return each.report.certificate && each.report.certificate != out.certificate;
    });
    if (unlike) out.certificate.reset();
}

}  // namespace

Report combine(config::AddressPolicy policy, std::vector<AddressReport> reports,
               std::chrono::nanoseconds resolve) {
    PILOT_CHECK(!reports.empty());
    const auto count = [&](Verdict verdict) {
        return static_cast<std::size_t>(std::ranges::count_if(
            reports,
            [&](const AddressReport& each) { return each.report.outcome.verdict == verdict; }));
    };
    const std::size_t good = count(Verdict::ok);
    const std::size_t failed = count(Verdict::failed);
    const std::size_t judged = good + failed;
    Verdict whole = Verdict::unknown;
    if (judged > 0) whole = is_enough(policy, good, judged) ? Verdict::ok : Verdict::failed;
    const auto chosen = std::ranges::find_if(
        reports, [&](const AddressReport& each) { return each.report.outcome.verdict == whole; });
    Report out = chosen->report;
    if (failed > 0) out.outcome.detail = what_failed(reports, failed, judged);
    put_earliest_expiry(reports, out);
    add_look_up(resolve, out);
    add_other_addresses(reports, out);
    drop_unlike_certificates(reports, out);
    for (const AddressReport& each : reports) {
        const Verdict verdict = each.report.outcome.verdict;
        if (verdict == Verdict::unknown) continue;
        out.measurements.push_back({"probe_address_success",
                                    verdict == Verdict::ok ? 1.0 : 0.0,
                                    {{"address", each.address.to_string()}}});
    }
    return out;
}

}  // namespace pilotlight::probes

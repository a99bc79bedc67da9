#include "probes/evidence.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/url.h"

namespace pilotlight::probes {
namespace {

constexpr EvidenceLimits kLimits;

std::string shown(std::string_view text, std::size_t limit, const Redaction* redaction) {
    return redaction == nullptr ? showable(text, limit) : redaction->shown(text, limit);
}

TlsEvidence::Certificate certificate_of(const runtime::Certificate& certificate) {
    TlsEvidence::Certificate shown;
    shown.subject = showable(certificate.subject, kLimits.line);
    shown.issuer = showable(certificate.issuer, kLimits.line);
    shown.serial = certificate.serial;
    shown.fingerprint_sha256 = certificate.fingerprint_sha256;
    shown.not_before = certificate.not_before;
    shown.not_after = certificate.not_after;
    for (const auto* names : {&certificate.dns_names, &certificate.ip_addresses}) {
        for (const std::string& name : *names) {
            if (shown.names.size() < kLimits.names) {
                shown.names.push_back(showable(name, kLimits.line));
            } else {
                ++shown.more_names;
            }
        }
    }
    return shown;
}

/// A redirect may carry a token in its query.
std::string_view without_query(std::string_view url) {
    return url.substr(0, std::min(url.find_first_of("?#"), url.size()));
}

bool is_location(std::string_view name) {
    static constexpr std::string_view kName = "location";
    return std::ranges::equal(name, kName, {}, [](char c) { return static_cast<char>(c | 0x20); });
}

std::string header_value(const runtime::HttpHeader& header, const Redaction* redaction) {
    if (is_secret_header(header.name)) return "<secret>";
    if (is_location(header.name)) {
        std::string value = shown(without_query(header.value), kLimits.line, redaction);
        if (header.value.find_first_of("?#") != header.value.npos) value += "?...";
        return value;
    }
    return shown(header.value, kLimits.line, redaction);
}

}  // namespace

void add_addresses(Evidence& evidence, const std::vector<runtime::IpAddress>& resolved,
                   const std::vector<runtime::DialAttempt>& refusals,
                   const std::optional<runtime::IpAddress>& address) {
    for (const runtime::IpAddress& each : resolved) {
        if (evidence.addresses.size() >= kLimits.addresses) return;
        const auto refusal = std::ranges::find(refusals, each, &runtime::DialAttempt::address);
        const bool refused = refusal != refusals.end();
        evidence.addresses.push_back({each.to_string(), refused || each == address,
                                      refused ? showable(refusal->error, kLimits.line) : ""});
    }
}

void add_phase(Evidence& evidence, std::string_view name, std::chrono::nanoseconds took) {
    if (took.count() > 0) evidence.phases.push_back({std::string(name), took});
}

void add_tls(Evidence& evidence, const runtime::TlsInfo& tls) {
    TlsEvidence& shown = evidence.tls.emplace();
    shown.version = tls.version;
    shown.cipher = tls.cipher;
    shown.alpn = showable(tls.alpn, kLimits.line);
    shown.verified = tls.verified;
    shown.reason = tls.reason;
    shown.detail = showable(tls.detail, kLimits.line);
    for (const runtime::Certificate& certificate : tls.chain) {
        if (shown.chain.size() >= kLimits.certificates) break;
        shown.chain.push_back(certificate_of(certificate));
    }
}

void add_headers(Evidence& evidence, const std::vector<runtime::HttpHeader>& headers,
                 const Redaction* redaction) {
    for (const runtime::HttpHeader& header : headers) {
        if (evidence.headers.size() >= kLimits.headers) return;
        evidence.headers.push_back(
            {showable(header.name, kLimits.line), header_value(header, redaction)});
    }
}

void add_body(Evidence& evidence, std::string_view body, const Redaction* redaction) {
    evidence.body = shown(body, kLimits.body, redaction);
    evidence.body_bytes = body.size();
}

void add_heard(Evidence& evidence, std::string_view text, const Redaction* redaction) {
    const std::string all = shown(text, kLimits.lines * kLimits.line, redaction);
    std::string_view left = all;
    while (!left.empty() && evidence.dialogue.size() < kLimits.lines) {
        const std::size_t end = std::min(left.find('\n'), left.size());
        std::string_view line = left.substr(0, end);
        // A carriage return before the line's end.
        if (line.ends_with("\uFFFD")) line.remove_suffix(3);
        evidence.dialogue.push_back("< " + showable(line, kLimits.line));
        left.remove_prefix(std::min(end + 1, left.size()));
    }
}

std::string status_line(std::string_view version, int status, std::string_view text) {
    return fmt::format("HTTP/{} {}{}{}", version, status, text.empty() ? "" : " ",
                       showable(text, kLimits.line));
}

std::shared_ptr<Evidence> evidence_of(const runtime::DialResult& dialled) {
    auto evidence = std::make_shared<Evidence>();
    add_addresses(*evidence, dialled.resolved, dialled.refusals, dialled.address);
    add_phase(*evidence, "resolve", dialled.timings.resolve);
    add_phase(*evidence, "connect", dialled.timings.connect);
    add_phase(*evidence, "tls", dialled.timings.tls);
    if (dialled.tls) add_tls(*evidence, *dialled.tls);
    return evidence;
}

std::shared_ptr<Evidence> evidence_of(const runtime::HttpResult& answer,
                                      const Redaction* redaction) {
    auto evidence = std::make_shared<Evidence>();
    add_addresses(*evidence, answer.resolved, answer.refusals, answer.address);
    add_phase(*evidence, "resolve", answer.timings.resolve);
    add_phase(*evidence, "connect", answer.timings.connect);
    add_phase(*evidence, "tls", answer.timings.tls);
    add_phase(*evidence, "processing", answer.timings.processing);
    add_phase(*evidence, "transfer", answer.timings.transfer);
    if (answer.tls) add_tls(*evidence, *answer.tls);
    if (answer.redirects > 0) {
        const Result<runtime::Url> last = runtime::parse_url(answer.final_url);
        evidence->dialogue.push_back(fmt::format("< {} redirects, the last one to {}",
                                                 answer.redirects,
                                                 last ? last->host_and_port() : "what is no URL"));
    }
    if (answer.status == 0) return evidence;
    evidence->status_line = status_line(answer.version, answer.status,
                                        shown(answer.status_text, kLimits.line, redaction));
    add_headers(*evidence, answer.headers, redaction);
    add_body(*evidence, answer.body, redaction);
    return evidence;
}

}  // namespace pilotlight::probes

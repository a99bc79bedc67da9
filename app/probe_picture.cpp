#include "app/probe_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <chrono>

#include "app/probe_phases.h"
#include "app/probe_words.h"
#include "core/sample.h"

namespace pilotlight::app {
namespace {

using Certificate = TlsEvidence::Certificate;

constexpr std::string_view kGreen = "32";
constexpr std::string_view kRed = "31";
constexpr std::string_view kYellow = "33";
constexpr std::string_view kBold = "1";
constexpr std::string_view kFaint = "2";

/// A certificate of which less is left is shown as one that needs a hand.
constexpr double kLittleLeft = 0.2;

std::string heading(const probes::ProbeRun& run, const Terminal& terminal) {
    const probes::Target& target = *run.target;
    const double milliseconds = std::chrono::duration<double, std::milli>(run.duration).count();
    const probes::Verdict verdict = run.outcome.verdict;
    const bool is_named = target.config.name != target.instance;
    return fmt::format("{} {}{}: {} in {:.3f} ms\n", target.config.prober,
                       is_named ? target.config.name + ' ' : "", target.instance,
                       terminal.colored(probes::to_string(verdict), color_of(verdict)),
                       milliseconds);
}

std::string reason(const probes::Outcome& outcome, const Terminal& terminal) {
    if (outcome.verdict == probes::Verdict::ok) return "";
    return fmt::format("  {}\n  phase {}, reason {}: {}\n",
                       terminal.colored(outcome_in_words(outcome), kBold), outcome.phase,
                       outcome.reason, outcome.detail);
}

std::string addresses(const Evidence& evidence, const Terminal& terminal) {
    std::string text;
    for (const Evidence::Address& each : evidence.addresses) {
        const std::string what = !each.tried          ? terminal.colored("not tried", kFaint)
                                 : each.error.empty() ? std::string("connected")
                                                      : terminal.colored(each.error, kRed);
        text += fmt::format("  {:<24}  {}\n", each.address, what);
    }
    return text.empty() ? "" : "addresses\n" + text + '\n';
}

std::string answer(const probes::ProbeRun& run, const Terminal& terminal) {
    const Evidence& evidence = *run.evidence;
    std::string text;
    if (!evidence.status_line.empty()) text += "  " + evidence.status_line + '\n';
    for (const Evidence::Header& header : evidence.headers) {
        text += fmt::format("  {} {}\n", terminal.colored(header.name + ':', kFaint), header.value);
    }
    for (const std::string& line : evidence.dialogue)
        text += "  " + line + '\n';
    // Of a page that is as it should be nobody wants to see the beginning.
    if (run.outcome.verdict != probes::Verdict::ok && !evidence.body.empty()) {
        const std::string_view body = evidence.body;
        text += fmt::format("  {}\n",
                            terminal.colored(fmt::format("{} of {} bytes of the body:", body.size(),
                                                         evidence.body_bytes),
                                             kFaint));
        for (std::size_t at = 0; at < body.size();) {
            const std::size_t end = std::min(body.find('\n', at), body.size());
            text += fmt::format("    {}\n", body.substr(at, end - at));
            at = end + 1;
        }
    }
    return text.empty() ? "" : "answer\n" + text + '\n';
}

std::string metrics(const SampleBatch& batch) {
    std::string text;
    for (const Sample& sample : batch.samples)
        text += fmt::format("{} {}\n", sample.labels.to_string(), format_value(sample.value));
    return text;
}

std::string day_of(WallTime time) {
    return format_time(time).substr(0, std::string_view("2026-01-02").size());
}

double share_left(const Certificate& certificate, WallTime now) {
    const double whole = to_seconds(certificate.not_after - certificate.not_before);
    return whole <= 0 ? 0 : to_seconds(certificate.not_after - now) / whole;
}

std::string validity(const Certificate& certificate, WallTime now, const Terminal& terminal) {
    const std::string end = day_of(certificate.not_after);
    if (now > certificate.not_after) {
        return terminal.colored(
            fmt::format("expired {} ago, on {}", span_in_words(now - certificate.not_after), end),
            kRed);
    }
    if (now < certificate.not_before) {
        return terminal.colored(
            fmt::format("is not valid before {}, in {}", day_of(certificate.not_before),
                        span_in_words(certificate.not_before - now)),
            kRed);
    }
    const double left = share_left(certificate, now);
    return terminal.colored(
        fmt::format("expires in {}, on {} ({:.0f} % of its time is left)",
                    span_in_words(certificate.not_after - now), end, left * 100),
        left < kLittleLeft ? kYellow : kGreen);
}

std::string names_of(const Certificate& certificate) {
    if (certificate.names.empty()) return "";
    std::string text = "     for ";
    for (const std::string& name : certificate.names)
        text += (&name == certificate.names.data() ? "" : ", ") + name;
    if (certificate.more_names > 0) text += fmt::format(" and {} more", certificate.more_names);
    return text + '\n';
}

std::string certificate_in_words(std::size_t number, const Certificate& certificate, WallTime now,
                                 const Terminal& terminal) {
    const bool is_own = certificate.subject == certificate.issuer;
    return fmt::format("  {}. {}\n{}     issued by {}\n     {}\n", number, certificate.subject,
                       names_of(certificate), is_own ? "itself" : certificate.issuer,
                       validity(certificate, now, terminal));
}

}  // namespace

std::string_view color_of(probes::Verdict verdict) {
    switch (verdict) {
        case probes::Verdict::ok:
            return kGreen;
        case probes::Verdict::failed:
            return kRed;
        case probes::Verdict::unknown:
            break;
    }
    return kYellow;
}

std::string certificates_in_words(const TlsEvidence& tls, WallTime now, const Terminal& terminal) {
    std::string text = "certificates";
    std::string_view before = ": ";
    for (const std::string* part : {&tls.version, &tls.cipher, &tls.alpn}) {
        if (part->empty()) continue;
        text += fmt::format("{}{}", before, *part);
        before = ", ";
    }
    text += '\n';
    if (tls.verified) {
        text += terminal.colored("  The chain leads to an authority that is trusted here.", kGreen);
    } else if (!tls.reason.empty()) {
        std::string why = reason_in_words(tls.reason);
        why[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(why[0])));
        text += terminal.colored(fmt::format("  {}: {}", why, tls.detail), kRed);
    } else {
        text += "  Nobody has checked the chain.";
    }
    text += '\n';
    std::size_t number = 0;
    for (const Certificate& certificate : tls.chain)
        text += certificate_in_words(++number, certificate, now, terminal);
    return text;
}

std::string picture_of(const probes::ProbeRun& run, WallTime now, const Terminal& terminal) {
    std::string text = heading(run, terminal) + reason(run.outcome, terminal) + '\n';
    const std::string phases = phases_drawn(phases_of(run), run.duration, terminal);
    if (!phases.empty()) text += phases + '\n';
    if (run.evidence != nullptr) {
        text += addresses(*run.evidence, terminal);
        if (run.evidence->tls) {
            text += certificates_in_words(*run.evidence->tls, now, terminal) + '\n';
        }
        text += answer(run, terminal);
    }
    return text + metrics(*run.batch);
}

}  // namespace pilotlight::app

#include "core/evidence.h"

#include <algorithm>
#include <array>

#include "core/template/utf8.h"

namespace pilotlight {
namespace {

/// What would move a terminal's cursor, or turn the direction of the text around it.
bool is_control(char32_t code) {
    if (code == '\n' || code == '\t') return false;
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

void shorten(std::string& text, std::size_t limit) {
    if (text.size() > limit) text = showable(text, limit);
}

template <class Items>
void keep_first(Items& items, std::size_t count) {
    if (items.size() > count) items.resize(count);
}

void keep_names(TlsEvidence::Certificate& certificate, std::size_t count) {
    if (certificate.names.size() <= count) return;
    certificate.more_names += certificate.names.size() - count;
    certificate.names.resize(count);
}

void fit_certificate(TlsEvidence::Certificate& certificate, const EvidenceLimits& limits) {
    keep_names(certificate, limits.names);
    for (std::string* text : {&certificate.subject, &certificate.issuer, &certificate.serial,
                              &certificate.fingerprint_sha256})
        shorten(*text, limits.line);
    for (std::string& name : certificate.names)
        shorten(name, limits.line);
}

/// Each part to its own limit.
void fit_parts(Evidence& evidence, const EvidenceLimits& limits) {
    keep_first(evidence.addresses, limits.addresses);
    for (Evidence::Address& address : evidence.addresses) {
        shorten(address.address, limits.line);
        shorten(address.error, limits.line);
    }
    keep_first(evidence.headers, limits.headers);
    for (Evidence::Header& header : evidence.headers) {
        shorten(header.name, limits.line);
        shorten(header.value, limits.line);
    }
    keep_first(evidence.dialogue, limits.lines);
    for (std::string& line : evidence.dialogue)
        shorten(line, limits.line);
    shorten(evidence.status_line, limits.line);
    shorten(evidence.body, limits.body);
    if (!evidence.tls) return;
    TlsEvidence& tls = *evidence.tls;
    for (std::string* text : {&tls.version, &tls.cipher, &tls.alpn, &tls.reason, &tls.detail})
        shorten(*text, limits.line);
    keep_first(tls.chain, limits.certificates);
    for (TlsEvidence::Certificate& certificate : tls.chain)
        fit_certificate(certificate, limits);
}

std::size_t size_of_texts(std::initializer_list<const std::string*> texts) {
    std::size_t bytes = 0;
    for (const std::string* text : texts)
        bytes += text->size();
    return bytes;
}

std::size_t size_of(const TlsEvidence::Certificate& certificate) {
    std::size_t bytes =
        sizeof(certificate) + size_of_texts({&certificate.subject, &certificate.issuer,
                                             &certificate.serial, &certificate.fingerprint_sha256});
    for (const std::string& name : certificate.names)
        bytes += sizeof(name) + name.size();
    return bytes;
}

}  // namespace

std::string showable(std::string_view text, std::size_t limit) {
    std::string out;
    out.reserve(std::min(text.size(), limit));
    while (!text.empty()) {
        const tmpl::Rune rune = tmpl::decode_rune(text);
        std::string one;
        tmpl::append_rune(one, is_control(rune.code) ? U'\ufffd' : rune.code);
        if (out.size() + one.size() > limit) break;
        out += one;
        text.remove_prefix(rune.bytes);
    }
    return out;
}

std::size_t size_of(const Evidence& evidence) {
    std::size_t bytes = sizeof(evidence) + evidence.status_line.size() + evidence.body.size();
    for (const Evidence::Address& address : evidence.addresses)
        bytes += sizeof(address) + size_of_texts({&address.address, &address.error});
    for (const Evidence::Phase& phase : evidence.phases)
        bytes += sizeof(phase) + phase.name.size();
    for (const Evidence::Header& header : evidence.headers)
        bytes += sizeof(header) + size_of_texts({&header.name, &header.value});
    for (const std::string& line : evidence.dialogue)
        bytes += sizeof(line) + line.size();
    if (!evidence.tls) return bytes;
    const TlsEvidence& tls = *evidence.tls;
    bytes += size_of_texts({&tls.version, &tls.cipher, &tls.alpn, &tls.reason, &tls.detail});
    for (const TlsEvidence::Certificate& certificate : tls.chain)
        bytes += size_of(certificate);
    return bytes;
}

void fit(Evidence& evidence, const EvidenceLimits& limits) {
    keep_first(evidence.phases, limits.lines);
    fit_parts(evidence, limits);
    // The further down, the less there is left to tell by.
    static constexpr auto kTighter = [] {
        std::array<EvidenceLimits, 4> steps{};
        steps[0] = {.names = 2, .headers = 12, .lines = 12};
        steps[1] = {.addresses = 8,
                    .certificates = 3,
                    .names = 1,
                    .headers = 6,
                    .line = 120,
                    .lines = 8,
                    .body = 768};
        steps[2] = {.addresses = 4,
                    .certificates = 2,
                    .names = 1,
                    .headers = 3,
                    .line = 80,
                    .lines = 6,
                    .body = 512};
        steps[3] = {.addresses = 2,
                    .certificates = 1,
                    .names = 1,
                    .headers = 0,
                    .line = 60,
                    .lines = 4,
                    .body = 256};
        return steps;
    }();
    for (const EvidenceLimits& step : kTighter) {
        if (size_of(evidence) <= limits.bytes) return;
        fit_parts(evidence, step);
    }
}

}  // namespace pilotlight

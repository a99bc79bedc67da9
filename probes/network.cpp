#include "probes/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>

namespace pilotlight::probes {

namespace {

void read_version(const Node& node, std::optional<runtime::TlsVersion>& out, Errors& errors) {
    const std::optional<runtime::TlsVersion> version =
        node.is_scalar() ? runtime::parse_tls_version(node.scalar) : std::nullopt;
    if (!version) {
        config::expected_value(node, "TLS10, TLS11, TLS12 or TLS13", errors);
        return;
    }
    out = version;
}

void read_path(const Node& node, std::string& out, Errors& errors) {
    std::string path;
    const std::size_t before = errors.size();
    config::read_value(node, path, errors);
    if (errors.size() == before) out = path_beside(node, path);
}

using Tls = runtime::TlsSettings;

constexpr config::Option<Tls> kTlsOptions[] = {
    config::option_read_by<Tls>(
        [](const Node& node, Tls& tls, Errors& errors) { read_path(node, tls.ca_file, errors); },
        "ca_file", "path", "", "the authorities to trust instead of the system's, PEM"),
    config::option_read_by<Tls>(
        [](const Node& node, Tls& tls, Errors& errors) { read_path(node, tls.cert_file, errors); },
        "cert_file", "path", "", "the certificate to show, with its chain, PEM"),
    config::option_read_by<Tls>(
        [](const Node& node, Tls& tls, Errors& errors) { read_path(node, tls.key_file, errors); },
        "key_file", "path", "", "the key of cert_file, PEM"),
    config::option<&Tls::ca>("ca", "", "as ca_file, written here"),
    config::option<&Tls::cert>("cert", "", "as cert_file, written here"),
    config::option<&Tls::key>("key", "", "as key_file, written here"),
    config::option<&Tls::server_name>("server_name", "",
                                      "the name to send and to find in the certificate"),
    config::option<&Tls::insecure_skip_verify>(
        "insecure_skip_verify", "false", "accept any certificate; its expiry is still measured"),
    config::option_read_by<Tls>([](const Node& node, Tls& tls,
                                   Errors& errors) { read_version(node, tls.min_version, errors); },
                                "min_version", "TLS10, TLS11, TLS12 or TLS13", "TLS12",
                                "the lowest version to speak"),
    config::option_read_by<Tls>([](const Node& node, Tls& tls,
                                   Errors& errors) { read_version(node, tls.max_version, errors); },
                                "max_version", "TLS10, TLS11, TLS12 or TLS13", "",
                                "the highest version to speak"),
};

/// FNV-1a of 32 bits, as Go's hash/fnv New32a: dashboards compare it across exporters.
std::uint32_t address_hash(const runtime::IpAddress& address) {
    std::uint32_t hash = 0x811c9dc5U;
    for (const std::uint8_t octet : address.octets()) {
        hash ^= octet;
        hash *= 0x01000193U;
    }
    return hash;
}

struct ResumeOptions {
    int full_every = 20;
};

constexpr config::Option<ResumeOptions> kResumeOptions[] = {
    config::option<&ResumeOptions::full_every>("full_every", "20",
                                               "of so many handshakes one is full"),
};

/// How much of its lifetime a certificate has left: 1 on its first day, below 0 when expired.
double lifetime_left(const runtime::Certificate& certificate, WallTime now) {
    const double left = to_unix_seconds(certificate.not_after) - to_unix_seconds(now);
    const double whole =
        to_unix_seconds(certificate.not_after) - to_unix_seconds(certificate.not_before);
    return whole > 0 ? left / whole : 0;
}

void add_leaf(Report& report, const runtime::TlsInfo& tls) {
    const runtime::Certificate& leaf = tls.chain.front();
    std::vector<Measurement>& out = report.measurements;
    out.push_back({"probe_tls_leaf_expiry_timestamp_seconds", to_unix_seconds(leaf.not_after), {}});
    out.push_back({"probe_tls_certificate_lifetime_left_ratio", lifetime_left(leaf, tls.at), {}});
    const auto first = std::ranges::min_element(tls.chain, {}, &runtime::Certificate::not_after);
    if (first->not_after < leaf.not_after) {
        out.push_back({"probe_tls_expires_before_leaf_info", 1, {{"subject", first->subject}}});
    }
    report.certificate = {leaf.subject, leaf.issuer, leaf.public_key_sha256};
}

std::string joined(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) {
        if (!out.empty()) out += ',';
        out += name;
    }
    return out;
}

}  // namespace

void read_tls_config(const Node& node, runtime::TlsSettings& out, Errors& errors) {
    std::vector<std::string_view> known;
    for (const auto& row : kTlsOptions)
        known.push_back(row.key);
    config::check_keys(node, known, errors);
    read_tls_rows(node, out, errors);
}

void read_tls_rows(const Node& node, runtime::TlsSettings& out, Errors& errors) {
    if (!node.is_mapping()) return;
    config::read_rows(node, kTlsOptions, out, errors);
    const std::tuple<std::string_view, bool, std::string_view, bool> pairs[] = {
        {"ca", out.ca.empty(), "ca_file", out.ca_file.empty()},
        {"cert", out.cert.empty(), "cert_file", out.cert_file.empty()},
        {"key", out.key.empty(), "key_file", out.key_file.empty()}};
    for (const auto& [key, is_absent, file_key, is_file_absent] : pairs) {
        if (is_absent || is_file_absent) continue;
        errors.push_back(
            node.error(fmt::format("at most one of {} and {} may be given", key, file_key)));
    }
    const bool has_certificate = !out.cert.empty() || !out.cert_file.empty();
    const bool has_key = !out.key.empty() || !out.key_file.empty();
    if (has_certificate != has_key) {
        errors.push_back(node.error("cert_file and key_file belong together, one is missing"));
    }
    if (out.min_version && out.max_version && *out.max_version < *out.min_version) {
        errors.push_back(node.error("max_version is below min_version"));
    }
}

std::vector<config::OptionDoc> tls_config_docs() {
    return config::docs_of(kTlsOptions);
}

void read_ip_protocol(const Node& node, runtime::IpPreference& out, Errors& errors) {
    if (node.is_scalar() && node.scalar == "ip4") {
        out.preferred = 4;
    } else if (node.is_scalar() && node.scalar == "ip6") {
        out.preferred = 6;
    } else {
        config::expected_value(node, "ip4 or ip6", errors);
    }
}

void read_source_address(const Node& node, std::optional<runtime::IpAddress>& out, Errors& errors) {
    const std::optional<runtime::IpAddress> address =
        node.is_scalar() ? runtime::IpAddress::parse(node.scalar) : std::nullopt;
    if (!address) {
        config::expected_value(node, "a numeric address as in 192.0.2.1 or 2001:db8::1", errors);
        return;
    }
    out = address;
}

void read_resume_sessions(const Node& node, int& full_every, Errors& errors) {
    ResumeOptions read;
    const std::size_t before = errors.size();
    config::read_options(node, kResumeOptions, read, errors);
    if (errors.size() != before) return;
    if (read.full_every < 2) {
        errors.push_back(
            node.error("full_every: expected 2 at least: every handshake is full "
                       "without resume_sessions"));
        return;
    }
    full_every = read.full_every;
}

std::shared_ptr<runtime::TlsSessions> make_sessions(int full_every) {
    return full_every > 0 ? std::make_shared<runtime::TlsSessions>(full_every) : nullptr;
}

std::string path_beside(const Node& node, const std::string& path) {
    if (path.empty() || path.starts_with('/')) return path;
    return (std::filesystem::path(node.where.file.str()).parent_path() / path).string();
}

Outcome outcome_of(runtime::Failure failure) {
    return {failure.unknown ? Verdict::unknown : Verdict::failed, std::move(failure.phase),
            std::move(failure.reason), std::move(failure.detail)};
}

void add_address(Report& report, std::chrono::nanoseconds resolve,
                 const std::optional<runtime::IpAddress>& address) {
    report.measurements.push_back({"probe_dns_lookup_time_seconds", seconds_of(resolve), {}});
    report.measurements.push_back(
        {"probe_ip_protocol", address ? static_cast<double>(address->version) : 0.0, {}});
    report.measurements.push_back(
        {"probe_ip_addr_hash", address ? static_cast<double>(address_hash(*address)) : 0.0, {}});
}

void add_tls(Report& report, const runtime::TlsInfo& tls) {
    std::vector<Measurement>& out = report.measurements;
    if (tls.earliest_expiry) {
        out.push_back(
            {"probe_ssl_earliest_cert_expiry", to_unix_seconds(*tls.earliest_expiry), {}});
    }
    if (tls.chain_expiry) {
        out.push_back({"probe_ssl_last_chain_expiry_timestamp_seconds",
                       to_unix_seconds(*tls.chain_expiry),
                       {}});
    }
    if (!tls.chain.empty()) {
        const runtime::Certificate& leaf = tls.chain.front();
        out.push_back({"probe_ssl_last_chain_info",
                       1,
                       {{"fingerprint_sha256", leaf.fingerprint_sha256},
                        {"subject", leaf.subject},
                        {"issuer", leaf.issuer},
                        {"subjectalternative", joined(leaf.dns_names)},
                        {"serialnumber", leaf.serial}}});
    }
    out.push_back({"probe_tls_version_info", 1, {{"version", tls.version}}});
    if (!tls.chain.empty()) add_leaf(report, tls);
}

void add_resumed(Report& report, const std::shared_ptr<runtime::TlsSessions>& sessions,
                 const std::optional<runtime::TlsInfo>& tls) {
    if (!sessions || !tls) return;
    report.measurements.push_back({"probe_tls_session_resumed", tls->resumed ? 1.0 : 0.0, {}});
}

void add_session(Report& report, const std::optional<runtime::TlsInfo>& tls) {
    if (!tls) return;
    add_tls(report, *tls);
    report.measurements.push_back({"probe_tls_cipher_info", 1, {{"cipher", tls->cipher}}});
}

void add_connection(Report& report, const runtime::DialResult& dialled) {
    add_address(report, dialled.timings.resolve, dialled.address);
    add_session(report, dialled.tls);
}

}  // namespace pilotlight::probes

#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "config/options.h"
#include "probes/probe.h"
#include "runtime/dialer.h"
#include "runtime/failure.h"
#include "runtime/ip_address.h"
#include "runtime/tls.h"
#include "runtime/tls_session.h"

/// What the probers that dial have in common: options and metrics under blackbox_exporter's names.
namespace pilotlight::probes {

/// Reads a `tls_config` section as Prometheus's configurations have it; relative paths start from
/// the folder of the file it stands in.
void read_tls_config(const Node& node, runtime::TlsSettings& out, Errors& errors);

/// The same keys where they stand among a prober's own; other keys are not looked at.
void read_tls_rows(const Node& node, runtime::TlsSettings& out, Errors& errors);
/// What the reference says of those keys.
[[nodiscard]] std::vector<config::OptionDoc> tls_config_docs();

/// Reads `preferred_ip_protocol`: ip4 or ip6.
void read_ip_protocol(const Node& node, runtime::IpPreference& out, Errors& errors);

/// Reads `source_ip_address`: a numeric address.
void read_source_address(const Node& node, std::optional<runtime::IpAddress>& out, Errors& errors);

// Rows that several probers' tables have, for sections with members `ip`, `source`, `tls_config`.
template <class Section>
constexpr config::Option<Section> preferred_ip_protocol_row() {
    return config::option_read_by<Section>(
        [](const Node& node, Section& out, Errors& errors) {
            read_ip_protocol(node, out.ip, errors);
        },
        "preferred_ip_protocol", "ip4 or ip6", "ip6", "the address family to try first");
}
template <class Section>
constexpr config::Option<Section> ip_protocol_fallback_row() {
    return config::option_read_by<Section>(
        [](const Node& node, Section& out, Errors& errors) {
            config::read_value(node, out.ip.fallback, errors);
        },
        "ip_protocol_fallback", "true or false", "true",
        "whether the other family is tried where the preferred one has no address or no answer");
}
template <class Section>
constexpr config::Option<Section> source_ip_address_row() {
    return config::option_read_by<Section>(
        [](const Node& node, Section& out, Errors& errors) {
            read_source_address(node, out.source, errors);
        },
        "source_ip_address", "address", "", "the address of this machine to ask from");
}
template <class Section>
constexpr config::Option<Section> tls_config_row() {
    return config::option_read_by<Section>(
        [](const Node& node, Section& out, Errors& errors) {
            read_tls_config(node, out.tls_config, errors);
        },
        "tls_config", "section", "",
        "TLS: ca_file, cert_file, key_file, server_name, insecure_skip_verify, min_version, "
        "max_version");
}

/// Reads `resume_sessions`: {full_every}.
void read_resume_sessions(const Node& node, int& full_every, Errors& errors);

/// For sections with a member `full_every`, 0 where sessions are not resumed.
template <class Section>
constexpr config::Option<Section> resume_sessions_row() {
    return config::option_read_by<Section>(
        [](const Node& node, Section& out, Errors& errors) {
            read_resume_sessions(node, out.full_every, errors);
        },
        "resume_sessions", "section", "",
        "resume TLS sessions from probe to probe, which saves both sides most of the work; of "
        "`full_every` (default 20) handshakes one is full, and shows the certificate");
}

/// Null for 0.
[[nodiscard]] std::shared_ptr<runtime::TlsSessions> make_sessions(int full_every);

/// `path` as the file that holds `node` means it.
[[nodiscard]] std::string path_beside(const Node& node, const std::string& path);

[[nodiscard]] Outcome outcome_of(runtime::Failure failure);

/// probe_dns_lookup_time_seconds, probe_ip_protocol, probe_ip_addr_hash.
void add_address(Report& report, std::chrono::nanoseconds resolve,
                 const std::optional<runtime::IpAddress>& address);

/// The TLS set: earliest expiry and what is known of the chain, although it may not verify; and of
/// ours probe_tls_leaf_expiry_timestamp_seconds, probe_tls_certificate_lifetime_left_ratio and
/// probe_tls_expires_before_leaf_info.
void add_tls(Report& report, const runtime::TlsInfo& tls);
/// The TLS set and probe_tls_cipher_info; nothing where there was no handshake.
void add_session(Report& report, const std::optional<runtime::TlsInfo>& tls);
/// probe_tls_session_resumed, where sessions are kept and there was a handshake.
void add_resumed(Report& report, const std::shared_ptr<runtime::TlsSessions>& sessions,
                 const std::optional<runtime::TlsInfo>& tls);
/// What dialling showed, whether or not it came to a connection: the address and the session.
void add_connection(Report& report, const runtime::DialResult& dialled);

[[nodiscard]] inline double seconds_of(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

}  // namespace pilotlight::probes

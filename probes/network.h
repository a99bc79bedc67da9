#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "config/options.h"
#include "probes/probe.h"
#include "runtime/failure.h"
#include "runtime/ip_address.h"
#include "runtime/tls.h"

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

/// `path` as the file that holds `node` means it.
[[nodiscard]] std::string path_beside(const Node& node, const std::string& path);

[[nodiscard]] Outcome outcome_of(runtime::Failure failure);

/// probe_dns_lookup_time_seconds, probe_ip_protocol, probe_ip_addr_hash.
void add_address(Report& report, std::chrono::nanoseconds resolve,
                 const std::optional<runtime::IpAddress>& address);

/// The TLS set: earliest expiry and what is known of the chain, although it may not verify.
void add_tls(Report& report, const runtime::TlsInfo& tls);
/// probe_tls_cipher_info.
void add_tls_cipher(Report& report, const runtime::TlsInfo& tls);

[[nodiscard]] inline double seconds_of(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

}  // namespace pilotlight::probes

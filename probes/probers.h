#pragma once

#include <memory>
#include <vector>

#include "config/config.h"
#include "config/options.h"
#include "core/error.h"
#include "probes/probe.h"

/// What each prober's file gives to the registry: how to make one from a target's options, and the
/// table of those options. See ProberKind.
namespace pilotlight::probes {

[[nodiscard]] Checked<std::unique_ptr<Prober>> make_backup(const config::TargetConfig& target);
[[nodiscard]] std::vector<config::OptionDoc> backup_options();

[[nodiscard]] Checked<std::unique_ptr<Prober>> make_dns(const config::TargetConfig& target);
[[nodiscard]] std::vector<config::OptionDoc> dns_options();

[[nodiscard]] Checked<std::unique_ptr<Prober>> make_grpc(const config::TargetConfig& target);
[[nodiscard]] std::vector<config::OptionDoc> grpc_options();

[[nodiscard]] Checked<std::unique_ptr<Prober>> make_heartbeat(const config::TargetConfig& target);
[[nodiscard]] std::vector<config::OptionDoc> heartbeat_options();

[[nodiscard]] Checked<std::unique_ptr<Prober>> make_host(const config::TargetConfig& target);
[[nodiscard]] std::vector<config::OptionDoc> host_options();

[[nodiscard]] Checked<std::unique_ptr<Prober>> make_http(const config::TargetConfig& target);
[[nodiscard]] std::vector<config::OptionDoc> http_options();

[[nodiscard]] Checked<std::unique_ptr<Prober>> make_icmp(const config::TargetConfig& target);
[[nodiscard]] std::vector<config::OptionDoc> icmp_options();

[[nodiscard]] Checked<std::unique_ptr<Prober>> make_postgres(const config::TargetConfig& target);
[[nodiscard]] std::vector<config::OptionDoc> postgres_options();

[[nodiscard]] Checked<std::unique_ptr<Prober>> make_redis(const config::TargetConfig& target);
[[nodiscard]] std::vector<config::OptionDoc> redis_options();

[[nodiscard]] Checked<std::unique_ptr<Prober>> make_scrape(const config::TargetConfig& target);
[[nodiscard]] std::vector<config::OptionDoc> scrape_options();

[[nodiscard]] Checked<std::unique_ptr<Prober>> make_tcp(const config::TargetConfig& target);
[[nodiscard]] std::vector<config::OptionDoc> tcp_options();

[[nodiscard]] Checked<std::unique_ptr<Prober>> make_tls(const config::TargetConfig& target);
[[nodiscard]] std::vector<config::OptionDoc> tls_options();

[[nodiscard]] Checked<std::unique_ptr<Prober>> make_unix(const config::TargetConfig& target);
[[nodiscard]] std::vector<config::OptionDoc> unix_options();

[[nodiscard]] Checked<std::unique_ptr<Prober>> make_websocket(const config::TargetConfig& target);
[[nodiscard]] std::vector<config::OptionDoc> websocket_options();

}  // namespace pilotlight::probes

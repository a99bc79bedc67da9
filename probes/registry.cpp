#include <algorithm>

#include "core/check.h"
#include "probes/probe.h"
#include "probes/probers.h"

namespace pilotlight::probes {
namespace {

// Sorted by name. A new prober is one file, one line here, one test.
constexpr ProberKind kKinds[] = {
    {"backup", make_backup, backup_options, "newest file of a glob: age, size, whole archive"},
    {"dns", make_dns, dns_options, "a question to a DNS server: code, records, serial"},
    {"grpc", make_grpc, grpc_options, "gRPC's health check (grpc.health.v1)"},
    {"heartbeat", make_heartbeat, heartbeat_options,
     "a job that says by itself that it has run (`/heartbeat/NAME`): late, failed, too long"},
    {"host", make_host, host_options, "this machine: CPU, memory, load, disks, network"},
    {"http", make_http, http_options, "an HTTP request: status, headers, body, every phase timed"},
    {"icmp", make_icmp, icmp_options, "an ICMP echo (ping): round trip, hop limit"},
    {"postgres", make_postgres, postgres_options,
     "PostgreSQL: connect, query, role, connections, replication, archiver"},
    {"redis", make_redis, redis_options, "Redis: login, PING, role, memory, replication link"},
    {"scrape", make_scrape, scrape_options,
     "a page of metrics in Prometheus's or OpenMetrics text"},
    {"tcp", make_tcp, tcp_options, "a TCP connection, with text to send and to expect"},
    {"tls", make_tls, tls_options, "a TLS handshake: the chain, its expiry, its faults"},
    {"unix", make_unix, unix_options, "a unix socket, with text to send and to expect"},
    {"websocket", make_websocket, websocket_options,
     "a WebSocket handshake, with messages to send and to expect"},
};

static_assert(std::ranges::is_sorted(kKinds, {}, &ProberKind::name));

}  // namespace

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::ok:
            return "ok";
        case Verdict::failed:
            return "failed";
        case Verdict::unknown:
            return "unknown";
    }
    PILOT_CHECK(false);
}

std::span<const ProberKind> prober_kinds() {
    return kKinds;
}

const ProberKind* find_prober(std::string_view name) {
    const auto* const found = std::ranges::find(kKinds, name, &ProberKind::name);
    return found == std::end(kKinds) ? nullptr : found;
}

}  // namespace pilotlight::probes

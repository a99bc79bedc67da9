#include "probes/discoverer.h"

#include "core/hash.h"
#include "probes/dns_discoverer.h"
#include "probes/fingerprint.h"
#include "probes/http_discoverer.h"

namespace pilotlight::probes {
namespace {

std::uint64_t hash_of(const config::DnsDiscovery& dns, std::uint64_t hash) {
    for (const std::string& name : dns.names)
        hash = hash_bytes(name, hash);
    return hash_bytes(std::to_string(dns.port), hash_bytes(dns.type, hash));
}

std::uint64_t hash_of(const config::HttpDiscovery& http, std::uint64_t hash) {
    return hash_node(http.client, hash_bytes(http.url.reveal(), hash));
}

}  // namespace

std::uint64_t fingerprint_of(const config::DiscoveryConfig& discovery) {
    const std::uint64_t hash = hash_bytes(std::to_string(discovery.refresh_interval.count()));
    return std::visit([&](const auto& source) { return hash_of(source, hash); }, discovery.source);
}

Checked<std::unique_ptr<Discoverer>> make_discoverer(const config::DiscoveryConfig& discovery) {
    if (const auto* dns = std::get_if<config::DnsDiscovery>(&discovery.source)) {
        return make_dns_discoverer(*dns);
    }
    return make_http_discoverer(std::get<config::HttpDiscovery>(discovery.source),
                                discovery.refresh_interval);
}

}  // namespace pilotlight::probes

#include "probes/discoverer.h"

#include "probes/dns_discoverer.h"
#include "probes/http_discoverer.h"

namespace pilotlight::probes {

Checked<std::unique_ptr<Discoverer>> make_discoverer(const config::DiscoveryConfig& discovery) {
    if (const auto* dns = std::get_if<config::DnsDiscovery>(&discovery.source)) {
        return make_dns_discoverer(*dns);
    }
    return make_http_discoverer(std::get<config::HttpDiscovery>(discovery.source),
                                discovery.refresh_interval);
}

}  // namespace pilotlight::probes

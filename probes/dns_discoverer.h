#pragma once

#include <memory>

#include "probes/discoverer.h"

namespace pilotlight::probes {

/// `dns_sd`. Source: Prometheus's discovery/dns, which takes SRV, A, AAAA, MX and NS records. A
/// name that does not exist has no targets; a name that cannot be looked up fails the whole.
[[nodiscard]] std::unique_ptr<Discoverer> make_dns_discoverer(config::DnsDiscovery discovery);

}  // namespace pilotlight::probes

#pragma once

#include <memory>

#include "probes/discoverer.h"

namespace pilotlight::probes {

/// `http_sd`. Source: Prometheus's HTTP service discovery: GET, status 200, application/json, the
/// whole list each time.
[[nodiscard]] Checked<std::unique_ptr<Discoverer>> make_http_discoverer(
    const config::HttpDiscovery& discovery, Duration refresh_interval);

}  // namespace pilotlight::probes

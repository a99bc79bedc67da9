#pragma once

#include "config/config.h"
#include "exporters/site.h"

namespace pilotlight::app {

/// The configuration in Prometheus's words. Intervals, limits, external labels and the names of
/// rule files only: of what may hold a secret (targets, receivers, addresses) nothing. What takes
/// effect at a start only is `first`'s.
[[nodiscard]] exporters::PrometheusView prometheus_view(const config::Config& first,
                                                        const config::Config& now);

}  // namespace pilotlight::app

#pragma once

#include "alerting/outbox.h"
#include "alerting/routing_config.h"
#include "exporters/self_metrics.h"

namespace pilotlight::app {

/// Counts what becomes of notifications, and logs what needs saying; `on_settled` is left to the
/// caller. `metrics` outlives the outbox.
[[nodiscard]] alerting::OutboxObserver counting_observer(exporters::SelfMetrics& metrics);

/// So that every receiver's counters are there from the start, at 0.
void declare_receivers(exporters::SelfMetrics& metrics, const alerting::RoutingConfig& routing);

}  // namespace pilotlight::app

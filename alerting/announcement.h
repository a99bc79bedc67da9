#pragma once

#include <string>
#include <vector>

#include "alerting/notification.h"
#include "alerting/routing_config.h"

namespace pilotlight::alerting {

/// What Pilotlight says of itself beyond all routes: one notification for each integration of each
/// receiver. No group of the routes has its key; sequences are the caller's to set.
[[nodiscard]] std::vector<Notification> announcements(const NotifiedAlert& alert,
                                                      const RoutingConfig& routing,
                                                      const std::string& external_url,
                                                      WallTime now);

}  // namespace pilotlight::alerting

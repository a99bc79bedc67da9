#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporters/health.h"
#include "exporters/snapshot.h"

namespace pilotlight::exporters {

/// The whole picture in one line.
struct Headline {
    /// up: nothing is wrong; degraded: somebody should look; down: a service is down or a critical
    /// alert is firing; unknown: nothing was probed yet.
    Health level = Health::unknown;
    /// "All systems operational", the one problem by its name, or "3 problems".
    std::string text;
    std::size_t problems = 0;
};

/// Problems are: services that are down or degraded, firing alerts of no such service that nobody
/// has silenced and no other alert explains, targets of
/// no service that are down, and what of Pilotlight itself does not work. A service that is down
/// and its alert are one problem.
[[nodiscard]] Headline headline(const Snapshot& snapshot, std::span<const Check> checks);

/// The services in the file's order; behind them those that only targets name, and one without a
/// name for targets of no service. Their health is the worst of their targets'.
[[nodiscard]] std::vector<ServiceView> all_services(const Snapshot& snapshot);

/// 0 for critical, then error, warning, info, others: what comes first on the page.
[[nodiscard]] int severity_rank(std::string_view severity);

/// The firing and pending alerts as the page lists them, those from outside too: firing first, by
/// severity, newest first.
[[nodiscard]] std::vector<const Alert*> listed_alerts(const Snapshot& snapshot);

/// What mutes one of listed_alerts().
[[nodiscard]] Mute mute_of(const Snapshot& snapshot, const Alert& alert);

/// What the page calls the service.
[[nodiscard]] std::string_view title_of(const ServiceView& service);

}  // namespace pilotlight::exporters

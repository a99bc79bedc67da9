#pragma once

#include "exporters/http.h"
#include "exporters/site.h"
#include "exporters/snapshot.h"

/// What answers which address: each a function of the request and one snapshot.
namespace pilotlight::exporters {

/// One request with all that its answer may depend on.
struct Call {
    const Request& request;
    const Site& site;
    /// As the route needs it (site.cpp): never null, null until there is one, or always null.
    SharedSnapshot snapshot;
    WallTime now{};
};

[[nodiscard]] Response show_metrics(const Call& call);

[[nodiscard]] Response show_healthy(const Call& call);
[[nodiscard]] Response show_ready(const Call& call);
[[nodiscard]] Response reload(const Call& call);
[[nodiscard]] Response quit(const Call& call);
[[nodiscard]] Response show_health(const Call& call);

[[nodiscard]] Response show_status_page(const Call& call);
[[nodiscard]] Response show_asset(const Call& call);
[[nodiscard]] Response show_status(const Call& call);
/// Of a target's last failure: /api/targets/NAME/evidence.
[[nodiscard]] Response show_evidence(const Call& call);

[[nodiscard]] Response show_alerts(const Call& call);
[[nodiscard]] Response show_rules(const Call& call);
[[nodiscard]] Response show_targets(const Call& call);
[[nodiscard]] Response show_build_info(const Call& call);

[[nodiscard]] Response show_configuration(const Call& call);
[[nodiscard]] Response show_flags(const Call& call);
[[nodiscard]] Response show_runtime_info(const Call& call);
[[nodiscard]] Response show_wal_replay(const Call& call);
[[nodiscard]] Response show_alertmanagers(const Call& call);
[[nodiscard]] Response show_notifications(const Call& call);
[[nodiscard]] Response show_scrape_pools(const Call& call);
[[nodiscard]] Response refuse_administration(const Call& call);

}  // namespace pilotlight::exporters

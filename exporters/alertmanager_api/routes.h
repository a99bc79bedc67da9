#pragma once

#include <string>
#include <vector>

#include "core/time.h"
#include "exporters/alertmanager_api/desk.h"
#include "exporters/site.h"

namespace pilotlight::exporters::alertmanager_api {

/// What `status` says of the program.
struct About {
    std::string version;
    std::string revision;
    WallTime started_at{};
};

/// Everything under /api/v2/. What changes something is Access::change. Differences from
/// Alertmanager: no page of another origin may read (no CORS headers); label names may be any UTF-8
/// text, as in its versions since 0.27; silences without owner or comment are refused.
[[nodiscard]] std::vector<ExtraRoute> routes(AlertDesk desk, About about);

}  // namespace pilotlight::exporters::alertmanager_api

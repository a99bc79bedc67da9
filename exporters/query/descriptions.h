#pragma once

#include <string>

#include "exporters/http.h"
#include "exporters/query/parameters.h"
#include "exporters/snapshot.h"
#include "exporters/text_writer.h"

/// Types and helps of metric names: as what was scraped or the kernel says, else as Pilotlight's
/// own catalogue does.
namespace pilotlight::query {

struct Described {
    exporters::SharedSnapshot snapshot;
    /// Pilotlight's own samples; may be null.
    SharedBatch own;
    exporters::FamilyLookup lookup;
};

/// The document of /api/v1/metadata: `metric`, `limit`, `limit_per_metric`.
[[nodiscard]] Answer<std::string> metadata(const exporters::Request& request,
                                           const Described& described);
/// The document of /api/v1/targets/metadata: `match_target`, `metric`, `limit`.
[[nodiscard]] Answer<std::string> targets_metadata(const exporters::Request& request,
                                                   const Described& described);

}  // namespace pilotlight::query

#pragma once

#include <string>

#include "exporters/http.h"
#include "exporters/query/job.h"

/// Series, label names and label values: what an editor of expressions offers. Those that ended
/// before `start` are left out; a store of recent samples knows no more of the past.
namespace pilotlight::query {

/// /api/v1/series: `match[]` (at least one), `start`, `end`, `limit`.
[[nodiscard]] Answer<Job> series_list(const exporters::Request& request, const Semantics& semantics,
                                      const Limits& limits);
/// /api/v1/labels: as above; `match[]` may be left out.
[[nodiscard]] Answer<Job> label_names(const exporters::Request& request, const Semantics& semantics,
                                      const Limits& limits);
/// /api/v1/label/NAME/values: `name` as it stands in the address.
[[nodiscard]] Answer<Job> label_values(const exporters::Request& request, std::string_view name,
                                       const Semantics& semantics, const Limits& limits);

}  // namespace pilotlight::query

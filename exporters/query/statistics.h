#pragma once

#include "exporters/http.h"
#include "exporters/query/job.h"

namespace pilotlight::query {

/// /api/v1/status/tsdb: how many series there are, and of what; `limit` entries of each list, 10
/// unless said. Source: tsdb/index/postings.go, Stats. What a store of recent samples has not
/// (chunks, a first time) is left out.
[[nodiscard]] Answer<Job> store_statistics(const exporters::Request& request, const Limits& limits);

}  // namespace pilotlight::query

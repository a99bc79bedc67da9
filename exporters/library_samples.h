#pragma once

#include "core/sample.h"

namespace prometheus {
struct MetricFamily;
}

namespace pilotlight::exporters {

/// Appends a family of the metrics library as samples under whole label sets: a histogram as its
/// `_bucket`, `_sum` and `_count`.
void append_family(const prometheus::MetricFamily& family, SampleBatch& to);

}  // namespace pilotlight::exporters

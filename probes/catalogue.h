#pragma once

#include <span>
#include <string_view>

#include "core/sample.h"

namespace pilotlight::probes {

/// What is known beforehand of a metric name that a prober of ours emits.
struct CatalogueEntry {
    std::string_view name;
    MetricType type = MetricType::unknown;
    std::string_view help;
};

/// Every metric name that our probers emit, sorted by name. Left out are what a scraped target
/// exposes and the kernel's own fields (node_memory_*, node_vmstat_*): those come with their
/// families in the Report.
[[nodiscard]] std::span<const CatalogueEntry> catalogue();

/// The entry of `name`, or null. O(log n).
[[nodiscard]] const CatalogueEntry* find_metric(std::string_view name);

}  // namespace pilotlight::probes

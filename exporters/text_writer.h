#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/sample.h"
#include "exporters/http.h"
#include "exporters/snapshot.h"
#include "exporters/text_format.h"

namespace pilotlight::exporters {

/// What the text format says of a family besides its samples.
struct Description {
    MetricType type = MetricType::unknown;
    std::string_view help;
};

/// What is known of a metric by its family's name (a histogram's base name), if anything. The help
/// must outlive the call that asked for it. Thread: any.
using FamilyLookup = std::function<std::optional<Description>(std::string_view name)>;

/// All that /metrics shows: `own` (Pilotlight's own metrics, may be null), what the rules recorded
/// without names that hold a colon (those are for rules alone, promtool refuses them here), and
/// every target's newest samples (of a scrape target that is not re-exposed only what Pilotlight
/// itself says of it).
///
/// Families are sorted by name, each with one HELP and one TYPE: from `lookup`, else as the first
/// batch that knows it says, else untyped. Stale markers are left out; of samples with the same
/// labels the first stays; bytes that are no UTF-8 become U+FFFD. No time stamps: a sample is as
/// old as the last probe, which the interval bounds.
/// Cost: linear, some 250 ns a sample (bench/metrics_text_bench.cpp). Thread: any.
[[nodiscard]] SharedBody write_metrics(const Snapshot& snapshot, const SampleBatch* own,
                                       const FamilyLookup& lookup, TextFormat format);

}  // namespace pilotlight::exporters

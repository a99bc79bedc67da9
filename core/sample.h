#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/labels.h"
#include "core/time.h"

namespace pilotlight {

/// As the text format declares it; `unknown` is its `untyped`.
enum class MetricType { unknown, counter, gauge, histogram, summary };

/// "counter", "gauge", ..., "untyped": the words of the text format 0.0.4.
[[nodiscard]] std::string_view to_string(MetricType type);

/// What is known of a metric name besides its samples.
struct MetricFamily {
    std::string name;
    MetricType type = MetricType::unknown;
    std::string help;
};

/// One value, `labels` with the metric name among them.
struct Sample {
    Labels labels;
    double value = 0;
};

/// What one probe of one target brought: everything at one time, under whole label sets.
/// Immutable once made, shared by the engine and the exporters.
struct SampleBatch {
    WallTime at;
    std::vector<Sample> samples;
    /// Families of the samples, where known; a histogram's under its base name.
    std::vector<MetricFamily> families;
};
using SharedBatch = std::shared_ptr<const SampleBatch>;

/// Prometheus's staleness marker, a NaN told apart by its bits.
[[nodiscard]] double stale_marker();
[[nodiscard]] bool is_stale(double value);

/// The shortest decimal that reads back to the same double; `NaN`, `+Inf`, `-Inf`. No locale.
void append_value(std::string& out, double value);
[[nodiscard]] std::string format_value(double value);

}  // namespace pilotlight

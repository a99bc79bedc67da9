#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/sample.h"
#include "probes/probe.h"

namespace pilotlight::probes {

enum class TextFormat { prometheus, openmetrics };

/// The format that a Content-Type names; what is neither is read as Prometheus's text, as
/// Prometheus 2 does.
[[nodiscard]] TextFormat text_format_of(std::string_view content_type);

struct TextLimits {
    std::size_t samples = 100'000;
    std::size_t line_bytes = 64 * 1024;
    std::size_t labels_per_sample = 128;
};

/// What a text exposes. Samples are in the text's order; `at` is set where the line has a
/// timestamp. Families are those that a TYPE or HELP line names, under the name that the text
/// format 0.0.4 uses: OpenMetrics's counter `foo` is `foo_total` here, its info `foo` `foo_info`.
struct Exposition {
    std::vector<Measurement> samples;
    std::vector<MetricFamily> families;
    /// There were more samples than the limit allows; the text was not read to its end.
    bool too_many_samples = false;
};

/// Reads the Prometheus text format 0.0.4, or OpenMetrics 1.0, with quoted UTF-8 names in both.
/// As lenient as Prometheus's own parser: families may come in pieces and in any order, exemplars
/// and units are checked and left out. Errors carry line and column and no file; a line over a
/// limit is an error too. Cost: linear, about 0.2 us a sample.
/// Source: prometheus/docs/instrumenting/exposition_formats, OpenMetrics 1.0,
/// prometheus/model/textparse.
[[nodiscard]] Result<Exposition> parse_text(std::string_view text, TextFormat format,
                                            const TextLimits& limits = {});

}  // namespace pilotlight::probes

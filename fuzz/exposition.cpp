// What a scraped target answers, in both formats.
#include "core/check.h"
#include "probes/text_format.h"

namespace pilotlight::fuzz {

void exposition(std::string_view input) {
    const probes::TextLimits limits{.samples = 1'000, .line_bytes = 4'096, .labels_per_sample = 16};
    for (const auto format : {probes::TextFormat::prometheus, probes::TextFormat::openmetrics}) {
        const auto read = probes::parse_text(input, format, limits);
        if (read) {
            PILOT_CHECK(read->samples.size() <= limits.samples);
        } else {
            PILOT_CHECK(!read.error().message.empty());
        }
    }
}

}  // namespace pilotlight::fuzz

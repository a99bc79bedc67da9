#include "rules/row_match.h"

namespace pilotlight::rules {

bool shares_labels(const Labels& series, const Labels& row) {
    for (const auto& label : row) {
        if (label.name == kMetricName) continue;
        const std::string_view value = series.get(label.name);
        if (!value.empty() && value != label.value) return false;
    }
    return true;
}

}  // namespace pilotlight::rules

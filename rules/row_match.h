#pragma once

#include "core/labels.h"

namespace pilotlight::rules {

/// Whether `series` shares the row's labels, as far as it has them: it can be what the row is made
/// from. Metric names do not count.
[[nodiscard]] bool shares_labels(const Labels& series, const Labels& row);

}  // namespace pilotlight::rules

#pragma once

#include <vector>

#include "core/time.h"
#include "rules/promql/selectors.h"
#include "rules/rule_file.h"
#include "series/store.h"

namespace pilotlight::rules {

struct ReadDefaults {
    Duration lookback = std::chrono::minutes(5);
    Duration subquery_step = std::chrono::minutes(1);
    promql::Compatibility compatibility = promql::Compatibility::prometheus3;
};

/// The selectors of the rule's expression.
[[nodiscard]] std::vector<promql::SelectorUse> selectors_of(const Rule& rule,
                                                            const ReadDefaults& defaults);

/// Adds to `retention` what the rule's texts read by `query`: constants, and what printf or print
/// make of them, whatever is put in. Where the metric's name is put in, every series is kept that
/// far.
void add_text_needs(const Rule& rule, const ReadDefaults& defaults, series::Retention& retention);

/// Adds what the selectors read from `query_offset` before the evaluation's time.
void add_needs(const std::vector<promql::SelectorUse>& selectors, Duration query_offset,
               const ReadDefaults& defaults, series::Retention& retention);

}  // namespace pilotlight::rules

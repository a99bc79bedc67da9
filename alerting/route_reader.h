#pragma once

#include <set>
#include <string>
#include <vector>

#include "alerting/read_context.h"
#include "alerting/routing_config.h"
#include "core/document.h"

namespace pilotlight::alerting {

/// Names that routes may refer to.
struct KnownNames {
    std::vector<std::string_view> receivers;
    std::vector<std::string_view> time_intervals;
};

/// Reads the tree under `route`, inheriting downwards; mistakes go to the context's errors.
[[nodiscard]] Route read_route_tree(const Node& node, const KnownNames& names,
                                    ReadContext& context);

/// Reads one inhibition rule.
[[nodiscard]] InhibitRule read_inhibit_rule(const Node& node, ReadContext& context);

/// Labels to texts, as `match` and `match_re` have them, and matchers in the new form. `prefix` is
/// "", "source_" or "target_"; the keys are PREFIXmatch, PREFIXmatch_re, PREFIXmatchers.
[[nodiscard]] Matchers read_matchers(const Node& node, std::string_view prefix,
                                     ReadContext& context);

[[nodiscard]] std::vector<config::OptionDoc> route_option_docs();
[[nodiscard]] std::vector<config::OptionDoc> inhibit_option_docs();

}  // namespace pilotlight::alerting

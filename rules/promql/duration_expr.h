#pragma once

#include <memory>
#include <string>

#include "core/time.h"

namespace pilotlight::promql {

struct DurationNode;

/// A length of time in a selector: a constant, or (`[5m + step()]`) one that depends on the query.
struct DurationExpr {
    /// The constant; also what the text gives where step() and range() are 0.
    Duration value{0};
    /// Null for constants.
    std::shared_ptr<const DurationNode> node;

    [[nodiscard]] bool is_zero() const { return node == nullptr && value == Duration{0}; }
};

}  // namespace pilotlight::promql

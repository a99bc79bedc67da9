#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "core/labels.h"
#include "core/time.h"
#include "rules/policy.h"

namespace pilotlight::rules {

/// When the alerts of one rule began to fire and resolved, as far as damping counts it: at most
/// FlapPolicy::changes times of each, and of no more than kAlertsMax alerts. See FlapPolicy.
class Flaps {
  public:
    static constexpr std::size_t kAlertsMax = 10'000;

    /// Counts a change and says whether the alert is flapping with it.
    bool note(const Labels& alert, const FlapPolicy& policy, WallTime now);
    /// As a record has it.
    void restore(const Labels& alert, std::vector<WallTime> changes);
    /// Oldest first; empty where nothing is counted.
    [[nodiscard]] std::vector<WallTime> of(const Labels& alert) const;

    /// Forgets alerts whose changes no policy counts any more, and says which.
    [[nodiscard]] std::vector<Labels> forget(const RulePolicies& policies, WallTime now);
    /// All that something is counted of.
    [[nodiscard]] std::vector<Labels> alerts() const;

  private:
    std::unordered_map<Labels, std::vector<WallTime>> changes_;
};

}  // namespace pilotlight::rules

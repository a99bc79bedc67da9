#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "alerting/routing_config.h"
#include "core/alert.h"

namespace pilotlight::alerting {

/// Knows which firing alerts mute others. Thread: the engine's.
/// Source: Alertmanager's inhibitor; an alert that is both source and target of a rule is not muted
/// by others that are both.
class Inhibitor {
  public:
    /// Forgets every alert.
    void replace(const std::vector<InhibitRule>& rules);
    void update(const Alert& alert);
    void forget(const Labels& labels);
    [[nodiscard]] bool mutes(const Labels& labels) const;
    /// The source alerts that mute these labels, sorted, each once; at most kSourcesNamed.
    [[nodiscard]] std::vector<Labels> muting(const Labels& labels) const;

    static constexpr std::size_t kSourcesNamed = 10;

  private:
    /// Calls `found` for each source that mutes the labels, until it gives true.
    template <class F>
    bool any_source(const Labels& labels, F found) const;

    struct Rule {
        InhibitRule rule;
        /// Firing source alerts by their values of `equal`.
        std::unordered_map<std::string, std::unordered_set<Labels>> sources;
    };
    std::vector<Rule> rules_;
};

}  // namespace pilotlight::alerting

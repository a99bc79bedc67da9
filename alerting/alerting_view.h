#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "alerting/routing_config.h"
#include "alerting/silence.h"
#include "core/alert.h"

namespace pilotlight::alerting {

/// What keeps an alert from being told.
struct Muting {
    /// Ids of active silences, sorted.
    std::vector<std::string> silenced_by;
    /// The firing alerts that inhibit it, sorted; at most Inhibitor::kSourcesNamed.
    std::vector<Labels> inhibited_by;

    [[nodiscard]] bool is_muted() const { return !silenced_by.empty() || !inhibited_by.empty(); }
};

/// The alerting half at one moment, for the API and the pages: plain values, never changed.
struct AlertingView {
    struct OneAlert {
        Alert alert;
        WallTime updated_at{};
        /// When it ends unless its sender speaks again; nothing where it came from a rule.
        std::optional<WallTime> ends_at;
        /// By the routes, in the tree's order.
        std::vector<std::string> receivers;
        Muting muting;
    };
    struct OneGroup {
        std::string receiver;
        Labels labels;
        /// Indices into `alerts`.
        std::vector<std::size_t> alerts;
        /// The time intervals that mute the whole group.
        std::vector<std::string> muted_by;
    };

    WallTime at{};
    /// All that fire, in the order of their labels.
    std::vector<OneAlert> alerts;
    /// In the order of labels, then receivers; those with an alert.
    std::vector<OneGroup> groups;
    std::vector<Silence> silences;
    SharedRouting routing;
};

}  // namespace pilotlight::alerting

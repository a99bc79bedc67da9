#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "alerting/notification.h"
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

/// What one integration of a receiver knows of one alert.
struct Telling {
    Address to;
    /// Whether it was told, or is being told, that the alert fires; else that it ended, or nothing.
    bool knows_firing = false;
    bool knows_end = false;
    /// Of the group's newest notification.
    bool pending = false;
    bool failed = false;
    std::optional<WallTime> decided_at;
    /// When it last accepted anything of the group.
    std::optional<WallTime> delivered_at;
    /// When the group is looked at next, and the time intervals that mute it.
    WallTime next_flush{};
    std::vector<std::string> muted_by;
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

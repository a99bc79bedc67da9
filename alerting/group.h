#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "alerting/notification.h"
#include "alerting/routing_config.h"
#include "core/alert.h"

namespace pilotlight::alerting {

/// The timers of a group, from the route that made it.
struct GroupTimers {
    Duration wait{};
    Duration interval{};
    Duration repeat{};
};

/// What one integration knows of a group, as it was last decided.
struct Knowledge {
    std::set<Labels> firing;
    std::set<Labels> resolved;
    /// The newest sequence decided; 0 for never.
    std::uint64_t sequence = 0;
    WallTime decided_at{};
    std::optional<WallTime> delivered_at;
    bool pending = false;
    bool failed = false;

    [[nodiscard]] bool is_empty() const { return sequence == 0; }
};

/// One alert in a group.
struct Member {
    Alert alert;
    /// The routes no longer bring it here; it stays until its end is told.
    bool leaving = false;
    /// A flush has seen it resolved.
    bool end_seen = false;
    /// A silence hid it at the last flush; once nothing mutes it, it is announced again.
    bool was_silenced = false;
};

/// Alerts that one receiver is told about together. A plain value; the Dispatcher owns the rules.
struct Group {
    std::uint64_t id = 0;
    std::string key;
    std::string receiver;
    Labels labels;
    std::string dedup_key;
    GroupTimers timers;
    std::vector<std::string> mute_time_intervals;
    std::vector<std::string> active_time_intervals;
    std::map<Labels, Member> members;
    /// By kind and index of the receiver's integrations.
    std::map<Address, Knowledge> known_by;
    WallTime next_flush{};
    bool flushed = false;
    /// The newest decision that changed something since the last flush.
    std::optional<SteadyTime> news_at;

    /// Whether an integration was told that it fires, or is being told.
    [[nodiscard]] bool was_told(const Labels& alert) const;
    /// Keeps the time of the newest sample that changed something here.
    void note_news(const Alert& alert);
};

/// A group's alerts as one integration may see them at a flush.
struct FlushView {
    /// Not muted.
    std::vector<const Alert*> firing;
    /// Muted, but the receiver knows that they fire.
    std::vector<const Alert*> firing_muted;
    std::vector<const Alert*> resolved;
    /// Some of `firing` were hidden by a silence until now.
    bool came_back = false;
};

/// Whether the integration needs to be told, and why; nothing where it knows all it should.
/// Source: Alertmanager's DedupStage.needsUpdate.
[[nodiscard]] std::optional<Cause> needs_telling(const Knowledge& knowledge, const FlushView& view,
                                                 bool send_resolved, const GroupTimers& timers,
                                                 WallTime now);

}  // namespace pilotlight::alerting

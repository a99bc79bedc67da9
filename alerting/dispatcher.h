#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "alerting/alerting_view.h"
#include "alerting/group.h"
#include "alerting/inhibitor.h"
#include "alerting/notification.h"
#include "alerting/routing_config.h"
#include "alerting/silences.h"
#include "core/alert.h"

namespace pilotlight::alerting {

/// Merges alerts into groups by the routing tree and says who is to be told what, when.
/// Thread: the engine's. Time: never reads a clock; every call is given `now`.
/// Source: Alertmanager's dispatcher and notification log (group_wait, group_interval,
/// repeat_interval), with these differences: what a receiver was told is kept by receiver and
/// alert, so that it survives edits of routes and restarts; an end is told to whoever was told of
/// the beginning, muted or not; a repeat counts from what was decided, if it was accepted within
/// one group_interval, so that it keeps to the flushes; what still fires when its silence ends is
/// announced again at its group's next flush, told before or not.
///
/// Annotations are cut to 16,384 characters.
///
/// One PagerDuty incident is one group: `group_by` decides how many pages an outage makes. Group by
/// `alertname` and a target label for one incident per thing that is down.
class Dispatcher {
  public:
    /// `external_url` goes into each notification.
    Dispatcher(SharedRouting routing, std::string external_url);
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;
    ~Dispatcher();

    /// Who sees the alerts that accept() takes. Where both see one, it fires while either says so,
    /// and the rule's word on it is the one that is told.
    enum class Origin { rules, outside };

    /// What receivers were told before a restart, as the journal has it. Their alerts count as
    /// firing until accept() or resolve_all_but() says otherwise. Call it once, before any other
    /// but silences().
    void restore(std::vector<Told> told, std::uint64_t next_sequence, WallTime now);

    /// Takes alerts as their rules see them now; pending ones are left alone. Every alert decided
    /// at one time belongs in one call, so that one can inhibit another before either is told.
    void accept(std::span<const Alert> alerts, WallTime now, Origin origin = Origin::rules);

    /// Ends every alert that is not in `known`: what a restored state holds of rules or targets
    /// that are gone.
    void resolve_all_but(std::span<const Labels> known, WallTime now);

    /// What mutes by people's will. A change holds from the next tick() on.
    [[nodiscard]] Silences& silences() { return silences_; }
    [[nodiscard]] const Silences& silences() const { return silences_; }

    /// Notifications due at `now`, in the order in which their groups were due. Postcondition:
    /// next_wakeup() > now. A clock set back only re-anchors: nothing waits longer for it.
    [[nodiscard]] std::vector<Notification> tick(WallTime now);
    [[nodiscard]] std::optional<WallTime> next_wakeup() const;

    /// What became of a notification that tick() gave.
    void settle(const Settlement& settlement);

    /// Puts another configuration in force. Groups, timers and what was told are kept wherever the
    /// same receiver still gets the alert; a receiver that no longer does is told of the end of
    /// what it knows; a new one is told after its route's group_wait. An integration that is gone
    /// altogether, by a receiver's removal or renaming, cannot be told later: where it holds an
    /// incident open, take_farewells() has its end.
    void replace(SharedRouting routing, WallTime now);

    /// Entries of the notification log that mean nothing any more, since the last call: for the
    /// journal to drop.
    [[nodiscard]] std::vector<Told> take_forgotten();
    /// The last words to integrations that a replace() took away, to be sent as they were
    /// configured before.
    [[nodiscard]] std::vector<Notification> take_farewells();

    struct GroupView {
        std::string receiver;
        Labels labels;
        std::vector<Alert> alerts;
        WallTime next_flush{};
    };
    /// For the API and the status page.
    [[nodiscard]] std::vector<GroupView> groups() const;
    /// Whether a firing inhibiting alert mutes these labels now.
    [[nodiscard]] bool is_inhibited(const Labels& labels) const;
    /// What mutes an alert with these labels at `now`, whether there is one or not.
    [[nodiscard]] Muting muting(const Labels& labels, WallTime now) const;
    /// What every integration that the alert is or was routed to knows of it, by address.
    [[nodiscard]] std::vector<Telling> tellings(const Labels& labels, WallTime now) const;
    /// The alerts that fire and that the silence matches.
    [[nodiscard]] std::vector<Labels> firing_under(const Silence& silence) const;
    [[nodiscard]] const SharedRouting& routing() const { return routing_; }
    /// All that fires, who is told of it, and what mutes it.
    [[nodiscard]] AlertingView view(WallTime now) const;
    /// Alerts refused because kAlertsMax were held.
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

    static constexpr std::size_t kAlertsMax = 100'000;

  private:
    using GroupId = std::uint64_t;
    struct Tracked {
        Alert alert;
        std::set<GroupId> groups;
        /// When accept() last heard of it.
        WallTime updated_at{};
        bool fires_by_rules = false;
        bool fires_outside = false;
    };

    void accept_one(const Alert& alert, WallTime now, Origin origin);
    void route_alert(Tracked& tracked, WallTime now);
    void rehome(Tracked& tracked, WallTime now);
    /// `before`: what held until now; null at a start.
    void apply_routing(const RoutingConfig* before, WallTime now);
    void say_farewell(const Group& group, const Knowledge& knowledge,
                      const IntegrationPtr& integration, WallTime now);
    Group& group_for(const Route& route, const Labels& alert_labels, WallTime now);
    void join_group(Tracked& tracked, Group& group, WallTime now);
    void leave_group(Tracked& tracked, Group& group);
    void follow_clock(WallTime now);
    void flush(Group& group, WallTime now, std::vector<Notification>& out);
    [[nodiscard]] FlushView view_for(const Group& group, const Knowledge& knowledge,
                                     bool muted_by_time, WallTime now) const;
    void tell(Group& group, const Integration& integration, const FlushView& view, Cause cause,
              WallTime now, std::vector<Notification>& out);
    void schedule(Group& group, WallTime at);
    /// Removes what is over and told; the group itself when nothing is left.
    void sweep(Group& group, WallTime now);
    void erase_group(Group& group);
    void forget(const Group& group, const Address& address);
    [[nodiscard]] bool is_muted_by_time(const Group& group, WallTime now) const;
    /// The time intervals that mute the group now, or that it is outside of.
    [[nodiscard]] std::vector<std::string> muting_intervals(const Group& group, WallTime now) const;
    [[nodiscard]] bool was_silenced_since(const Group& group, const Labels& labels,
                                          WallTime now) const;

    SharedRouting routing_;
    std::string external_url_;
    Inhibitor inhibitor_;
    Silences silences_;
    /// Ordered, so that what is decided at one time comes out in one order.
    std::map<Labels, Tracked> alerts_;
    std::unordered_map<GroupId, std::unique_ptr<Group>> groups_;
    std::unordered_map<std::string, GroupId> group_ids_;
    std::set<std::pair<WallTime, GroupId>> due_;
    std::vector<Told> forgotten_;
    std::vector<Notification> farewells_;
    GroupId next_group_id_ = 1;
    std::uint64_t next_sequence_ = 1;
    std::uint64_t dropped_ = 0;
    WallTime last_now_{};
};

}  // namespace pilotlight::alerting

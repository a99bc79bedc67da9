#include "alerting/dispatcher.h"

#include <fmt/format.h>

#include <algorithm>

#include "alerting/message_template.h"
#include "core/annotations.h"
#include "core/check.h"

namespace pilotlight::alerting {
namespace {

/// An end that a receiver goes on refusing is let go of after that.
constexpr Duration kEndRetriedFor = std::chrono::hours(24);
/// Characters of an annotation that are told and kept; no receiver takes more.
constexpr std::size_t kAnnotationMax = 16'384;
/// Steps of the clock below this are jitter of who reads it.
constexpr Duration kClockSlack = std::chrono::seconds(1);

Labels within_limits(const Labels& annotations) {
    const bool fits = std::ranges::all_of(
        annotations, [](const Label label) { return label.value.size() <= kAnnotationMax; });
    if (fits) return annotations;
    AnnotationsBuilder builder(annotations);
    for (const Label label : annotations) {
        if (label.value.size() <= kAnnotationMax) continue;
        builder.set(label.name, cut_to(label.value, kAnnotationMax));
    }
    return builder.build();
}

NotifiedAlert to_notified(const Alert& alert) {
    NotifiedAlert told;
    told.labels = alert.labels;
    told.annotations = within_limits(alert.annotations);
    told.status = alert.state == AlertState::resolved ? Status::resolved : Status::firing;
    told.starts_at = alert.fired_at.value_or(alert.active_at);
    if (told.status == Status::resolved) told.ends_at = alert.resolved_at;
    told.generator_url = alert.generator_url;
    told.value = alert.value;
    return told;
}

constexpr std::string_view kFarewell =
    "The configuration no longer tells this receiver: closed here, whether it has ended or not.";

/// Services that keep an incident open until they are told of its end. In a channel of messages a
/// false end would be worse than none.
bool holds_incidents(std::string_view integration) {
    return integration == "pagerduty" || integration == "opsgenie";
}

/// Whether the integration has heard all there is to hear of an alert that ended.
bool knows_end(Knowledge& knowledge, const Labels& alert, bool send_resolved) {
    if (!send_resolved) knowledge.firing.erase(alert);
    if (knowledge.firing.contains(alert)) return false;
    if (!knowledge.resolved.contains(alert)) return true;
    return !knowledge.pending && !knowledge.failed;
}

}  // namespace

Dispatcher::Dispatcher(SharedRouting routing, std::string external_url)
    : routing_(std::move(routing)), external_url_(std::move(external_url)) {
    PILOT_CHECK(routing_ != nullptr);
    inhibitor_.replace(routing_->inhibit_rules);
}

Dispatcher::~Dispatcher() = default;

void Dispatcher::accept(std::span<const Alert> alerts, WallTime now, Origin origin) {
    follow_clock(now);
    for (const Alert& alert : alerts)
        accept_one(alert, now, origin);
}

void Dispatcher::accept_one(const Alert& alert, WallTime now, Origin origin) {
    if (alert.state == AlertState::pending) return;
    const bool fires = alert.state == AlertState::firing;
    const bool by_rules = origin == Origin::rules;
    const auto found = alerts_.find(alert.labels);
    if (found == alerts_.end()) {
        // Whoever was never told that it began need not hear that it ended.
        if (alert.state == AlertState::resolved) return;
        if (alerts_.size() >= kAlertsMax) {
            ++dropped_;
            return;
        }
        Tracked& tracked = alerts_[alert.labels];
        tracked.alert = alert;
        tracked.updated_at = now;
        (by_rules ? tracked.fires_by_rules : tracked.fires_outside) = true;
        route_alert(tracked, now);
    } else {
        Tracked& tracked = found->second;
        tracked.updated_at = now;
        (by_rules ? tracked.fires_by_rules : tracked.fires_outside) = fires;
        if (!fires && (tracked.fires_by_rules || tracked.fires_outside)) return;
        if (!by_rules && tracked.fires_by_rules) return;
        const bool changed = tracked.alert.state != alert.state;
        tracked.alert = alert;
        for (const GroupId id : tracked.groups) {
            Group& group = *groups_.at(id);
            Member& member = group.members.at(alert.labels);
            member.alert = alert;
            if (changed) {
                member.end_seen = false;
                group.note_news(alert);
            }
        }
    }
    inhibitor_.update(alert);
}

void Dispatcher::resolve_all_but(std::span<const Labels> known, WallTime now) {
    const std::set<Labels> kept(known.begin(), known.end());
    std::vector<Alert> ended;
    for (const auto& [labels, tracked] : alerts_) {
        if (tracked.alert.state != AlertState::firing || kept.contains(labels)) continue;
        Alert alert = tracked.alert;
        alert.state = AlertState::resolved;
        alert.resolved_at = now;
        ended.push_back(std::move(alert));
    }
    accept(ended, now);
}

std::vector<Notification> Dispatcher::tick(WallTime now) {
    follow_clock(now);
    std::vector<Notification> out;
    while (!due_.empty() && due_.begin()->first <= now) {
        Group& group = *groups_.at(due_.begin()->second);
        // An interval of nothing would never let this loop end.
        schedule(group, now + std::max(group.timers.interval, Duration(1)));
        flush(group, now, out);
        sweep(group, now);
    }
    return out;
}

std::optional<WallTime> Dispatcher::next_wakeup() const {
    if (due_.empty()) return std::nullopt;
    return due_.begin()->first;
}

void Dispatcher::follow_clock(WallTime now) {
    const Duration step = now - last_now_;
    const bool set_back = last_now_ != WallTime{} && step < -kClockSlack;
    last_now_ = now;
    if (!set_back) return;
    for (auto& [id, group] : groups_) {
        schedule(*group, group->next_flush + step);
        for (auto& [address, knowledge] : group->known_by) {
            knowledge.decided_at += step;
            if (knowledge.delivered_at) *knowledge.delivered_at += step;
        }
    }
}

void Dispatcher::flush(Group& group, WallTime now, std::vector<Notification>& out) {
    const ReceiverConfig* receiver = routing_->find_receiver(group.receiver);
    PILOT_CHECK(receiver != nullptr);
    const bool muted = is_muted_by_time(group, now);
    for (const IntegrationPtr& integration : receiver->integrations) {
        Knowledge& knowledge = group.known_by[integration->address()];
        const FlushView view = view_for(group, knowledge, muted, now);
        const auto cause =
            needs_telling(knowledge, view, integration->send_resolved(), group.timers, now);
        if (cause) tell(group, *integration, view, *cause, now, out);
    }
    group.flushed = true;
    group.news_at.reset();
    for (auto& [labels, member] : group.members) {
        member.end_seen = member.alert.state == AlertState::resolved;
        const bool silenced = silences_.mutes(labels, now);
        const bool hidden = silenced || muted || inhibitor_.mutes(labels);
        member.was_silenced = hidden && (silenced || member.was_silenced);
    }
}

FlushView Dispatcher::view_for(const Group& group, const Knowledge& knowledge, bool muted_by_time,
                               WallTime now) const {
    FlushView view;
    for (const auto& [labels, member] : group.members) {
        const bool told = knowledge.firing.contains(labels);
        const bool muted = muted_by_time || member.leaving || inhibitor_.mutes(labels) ||
                           silences_.mutes(labels, now);
        if (member.alert.state == AlertState::resolved) {
            // Muted or not, whoever was told of the beginning is told of the end.
            if (!muted || told || knowledge.resolved.contains(labels)) {
                view.resolved.push_back(&member.alert);
            }
        } else if (!muted) {
            view.firing.push_back(&member.alert);
            view.came_back = view.came_back || member.was_silenced;
        } else if (told) {
            view.firing_muted.push_back(&member.alert);
        }
    }
    return view;
}

void Dispatcher::tell(Group& group, const Integration& integration, const FlushView& view,
                      Cause cause, WallTime now, std::vector<Notification>& out) {
    Knowledge& knowledge = group.known_by.at(integration.address());
    std::vector<const Alert*> firing = view.firing;
    firing.insert(firing.end(), view.firing_muted.begin(), view.firing_muted.end());
    std::ranges::sort(firing, [](const Alert* a, const Alert* b) { return a->labels < b->labels; });
    const bool silent = firing.empty() && !integration.send_resolved();

    Notification notification;
    notification.to = integration.address();
    notification.group_key = group.key;
    notification.group_labels = group.labels;
    notification.dedup_key = group.dedup_key;
    notification.cause = cause;
    notification.external_url = external_url_;
    notification.decided_at = now;
    if (cause != Cause::repeat) notification.news_at = group.news_at;
    notification.only_amends = silent;
    for (const Alert* alert : firing)
        notification.alerts.push_back(to_notified(*alert));
    if (integration.send_resolved() || silent) {
        for (const Alert* alert : view.resolved)
            notification.alerts.push_back(to_notified(*alert));
    }

    knowledge.firing.clear();
    knowledge.resolved.clear();
    for (const Alert* alert : firing)
        knowledge.firing.insert(alert->labels);
    for (const Alert* alert : view.resolved)
        knowledge.resolved.insert(alert->labels);
    // A fallback may have been told, and want to hear that it ended.
    const bool has_fallback = !routing_->find_receiver(group.receiver)->fallback.empty();
    if (silent && !knowledge.pending && !has_fallback) {
        knowledge.failed = false;
        return;
    }
    knowledge.sequence = notification.sequence = next_sequence_++;
    knowledge.decided_at = now;
    knowledge.pending = true;
    knowledge.failed = false;
    out.push_back(std::move(notification));
}

void Dispatcher::say_farewell(const Group& group, const Knowledge& knowledge,
                              const IntegrationPtr& integration, WallTime now) {
    if (integration == nullptr || !integration->send_resolved()) return;
    if (!holds_incidents(integration->address().integration)) return;
    Notification notification;
    notification.to = integration->address();
    notification.group_key = group.key;
    notification.group_labels = group.labels;
    notification.dedup_key = group.dedup_key;
    notification.cause = Cause::resolved;
    notification.external_url = external_url_;
    notification.decided_at = now;
    for (const Labels& labels : knowledge.firing) {
        const auto member = group.members.find(labels);
        if (member == group.members.end()) continue;
        NotifiedAlert last = to_notified(member->second.alert);
        last.status = Status::resolved;
        last.ends_at = now;
        AnnotationsBuilder annotations(last.annotations);
        annotations.set("description", kFarewell);
        last.annotations = annotations.build();
        notification.alerts.push_back(std::move(last));
    }
    if (notification.alerts.empty()) return;
    notification.sequence = next_sequence_++;
    farewells_.push_back(std::move(notification));
}

std::vector<Notification> Dispatcher::take_farewells() {
    return std::exchange(farewells_, {});
}

void Dispatcher::settle(const Settlement& settlement) {
    const auto found = group_ids_.find(settlement.group_key);
    if (found == group_ids_.end()) return;
    Group& group = *groups_.at(found->second);
    const auto known = group.known_by.find(settlement.to);
    if (known == group.known_by.end()) return;
    Knowledge& knowledge = known->second;
    using Outcome = Settlement::Outcome;
    if (settlement.outcome == Outcome::delivered) knowledge.delivered_at = settlement.at;
    if (settlement.sequence == knowledge.sequence) {
        knowledge.pending = false;
        knowledge.failed = settlement.outcome == Outcome::dead;
    }
    sweep(group, settlement.at);
}

void Dispatcher::sweep(Group& group, WallTime now) {
    const ReceiverConfig* receiver = routing_->find_receiver(group.receiver);
    std::erase_if(group.members, [&](const auto& entry) {
        const Member& member = entry.second;
        if (member.alert.state != AlertState::resolved || !member.end_seen) return false;
        const bool old = member.alert.resolved_at.value_or(now) + kEndRetriedFor < now;
        bool told = true;
        for (const IntegrationPtr& integration : receiver->integrations) {
            Knowledge& knowledge = group.known_by[integration->address()];
            told = knows_end(knowledge, entry.first, integration->send_resolved()) && told;
        }
        if (!told && !old) return false;
        Tracked& tracked = alerts_.at(entry.first);
        tracked.groups.erase(group.id);
        if (tracked.groups.empty()) {
            inhibitor_.forget(entry.first);
            alerts_.erase(entry.first);
        }
        return true;
    });
    if (group.members.empty()) erase_group(group);
}

void Dispatcher::erase_group(Group& group) {
    for (const auto& [address, knowledge] : group.known_by) {
        if (!knowledge.is_empty()) forget(group, address);
    }
    due_.erase({group.next_flush, group.id});
    group_ids_.erase(group.key);
    groups_.erase(group.id);
}

void Dispatcher::forget(const Group& group, const Address& address) {
    Told entry;
    entry.last.to = address;
    entry.last.group_key = group.key;
    forgotten_.push_back(std::move(entry));
}

std::vector<Told> Dispatcher::take_forgotten() {
    return std::exchange(forgotten_, {});
}

void Dispatcher::schedule(Group& group, WallTime at) {
    due_.erase({group.next_flush, group.id});
    group.next_flush = at;
    due_.insert({at, group.id});
}

bool Dispatcher::is_muted_by_time(const Group& group, WallTime now) const {
    return !muting_intervals(group, now).empty();
}

std::vector<std::string> Dispatcher::muting_intervals(const Group& group, WallTime now) const {
    const auto holds = [&](const std::string& name) {
        const auto found = routing_->time_intervals.find(name);
        return found != routing_->time_intervals.end() &&
               std::ranges::any_of(found->second, [&](const TimeInterval& interval) {
                   return interval.contains(now);
               });
    };
    std::vector<std::string> names;
    std::ranges::copy_if(group.mute_time_intervals, std::back_inserter(names), holds);
    if (names.empty() && std::ranges::none_of(group.active_time_intervals, holds)) {
        names = group.active_time_intervals;
    }
    return names;
}

std::vector<Dispatcher::GroupView> Dispatcher::groups() const {
    std::vector<GroupView> views;
    for (const auto& [id, group] : groups_) {
        GroupView view{group->receiver, group->labels, {}, group->next_flush};
        for (const auto& [labels, member] : group->members)
            view.alerts.push_back(member.alert);
        views.push_back(std::move(view));
    }
    std::ranges::sort(views, [](const GroupView& a, const GroupView& b) {
        return a.receiver != b.receiver ? a.receiver < b.receiver : a.labels < b.labels;
    });
    return views;
}

bool Dispatcher::is_inhibited(const Labels& labels) const {
    return inhibitor_.mutes(labels);
}

}  // namespace pilotlight::alerting

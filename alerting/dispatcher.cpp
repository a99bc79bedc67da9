#include "alerting/dispatcher.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.h"

namespace pilotlight::alerting {
namespace {

/// An end that a receiver goes on refusing is let go of after that.
constexpr Duration kEndRetriedFor = std::chrono::hours(24);
/// Steps of the clock below this are jitter of who reads it.
constexpr Duration kClockSlack = std::chrono::seconds(1);

std::string group_key(const Route& route, const Labels& labels) {
    std::string key = fmt::format("{}:{}", route.receiver, labels.to_string());
    if (!route.discriminator.empty()) key += fmt::format("#{}", route.discriminator);
    return key;
}

WallTime starts_at(const Alert& alert) {
    return alert.fired_at.value_or(alert.active_at);
}

NotifiedAlert to_notified(const Alert& alert) {
    NotifiedAlert told;
    told.labels = alert.labels;
    told.annotations = alert.annotations;
    told.status = alert.state == AlertState::resolved ? Status::resolved : Status::firing;
    told.starts_at = starts_at(alert);
    if (told.status == Status::resolved) told.ends_at = alert.resolved_at;
    told.generator_url = alert.generator_url;
    told.value = alert.value;
    return told;
}

Alert from_notified(const NotifiedAlert& told) {
    Alert alert;
    alert.labels = told.labels;
    alert.annotations = told.annotations;
    alert.state = told.status == Status::firing ? AlertState::firing : AlertState::resolved;
    alert.active_at = told.starts_at;
    alert.fired_at = told.starts_at;
    alert.resolved_at = told.ends_at;
    alert.generator_url = told.generator_url;
    alert.value = told.value;
    return alert;
}

Knowledge knowledge_of(const Told& told) {
    Knowledge knowledge;
    for (const NotifiedAlert& alert : told.last.alerts) {
        (alert.status == Status::firing ? knowledge.firing : knowledge.resolved)
            .insert(alert.labels);
    }
    knowledge.sequence = told.last.sequence;
    knowledge.decided_at = told.last.decided_at;
    knowledge.delivered_at = told.delivered_at;
    knowledge.pending = told.pending;
    knowledge.failed = told.failed;
    return knowledge;
}

void note_news(Group& group, const Alert& alert) {
    if (alert.decided_at == SteadyTime{}) return;
    if (!group.news_at || *group.news_at < alert.decided_at) group.news_at = alert.decided_at;
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

void Dispatcher::restore(std::vector<Told> told, std::uint64_t next_sequence, WallTime now) {
    PILOT_CHECK(groups_.empty());
    next_sequence_ = std::max(next_sequence_, next_sequence);
    for (const Told& entry : told) {
        const Notification& last = entry.last;
        next_sequence_ = std::max(next_sequence_, last.sequence + 1);
        GroupId& id = group_ids_[last.group_key];
        if (id == 0) {
            id = next_group_id_++;
            auto group = std::make_unique<Group>();
            group->id = id;
            group->key = last.group_key;
            group->receiver = last.to.receiver;
            group->labels = last.group_labels;
            group->dedup_key = last.dedup_key;
            group->flushed = true;
            group->timers = {routing_->route.group_wait, routing_->route.group_interval,
                             routing_->route.repeat_interval};
            groups_.emplace(id, std::move(group));
        }
        Group& group = *groups_.at(id);
        group.known_by[last.to] = knowledge_of(entry);
        for (const NotifiedAlert& alert : last.alerts) {
            Tracked& tracked = alerts_[alert.labels];
            // Two integrations may know different ends of it; that it fires is the safer belief.
            if (tracked.groups.empty() || alert.status == Status::firing) {
                tracked.alert = from_notified(alert);
            }
            tracked.groups.insert(id);
        }
    }
    for (auto& [labels, tracked] : alerts_) {
        const bool ended = tracked.alert.state == AlertState::resolved;
        for (const GroupId id : tracked.groups) {
            groups_.at(id)->members[labels] = {tracked.alert, false, ended};
        }
    }
    apply_routing(now);
    for (auto& [id, group] : groups_) {
        WallTime decided_at{};
        for (const auto& [address, knowledge] : group->known_by) {
            decided_at = std::max(decided_at, knowledge.decided_at);
        }
        const Duration interval = group->timers.interval;
        schedule(*group, std::clamp(decided_at + interval, now, now + interval));
    }
}

void Dispatcher::accept(std::span<const Alert> alerts, WallTime now) {
    follow_clock(now);
    for (const Alert& alert : alerts) accept_one(alert, now);
}

void Dispatcher::accept_one(const Alert& alert, WallTime now) {
    if (alert.state == AlertState::pending) return;
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
        route_alert(tracked, now);
    } else {
        Tracked& tracked = found->second;
        const bool changed = tracked.alert.state != alert.state;
        tracked.alert = alert;
        for (const GroupId id : tracked.groups) {
            Group& group = *groups_.at(id);
            Member& member = group.members.at(alert.labels);
            member.alert = alert;
            if (changed) {
                member.end_seen = false;
                note_news(group, alert);
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

void Dispatcher::route_alert(Tracked& tracked, WallTime now) {
    for (const Route* route : matching_routes(routing_->route, tracked.alert.labels)) {
        join_group(tracked, group_for(*route, tracked.alert.labels, now), now);
    }
}

Group& Dispatcher::group_for(const Route& route, const Labels& alert_labels, WallTime now) {
    const Labels labels = group_labels_of(route, alert_labels);
    const std::string key = group_key(route, labels);
    GroupId& id = group_ids_[key];
    const bool is_new = id == 0;
    if (is_new) {
        id = next_group_id_++;
        auto made = std::make_unique<Group>();
        made->id = id;
        made->key = key;
        made->receiver = route.receiver;
        made->labels = labels;
        made->dedup_key = make_dedup_key(route.receiver, labels, route.discriminator);
        groups_.emplace(id, std::move(made));
    }
    Group& group = *groups_.at(id);
    group.timers = {route.group_wait, route.group_interval, route.repeat_interval};
    group.mute_time_intervals = route.mute_time_intervals;
    group.active_time_intervals = route.active_time_intervals;
    if (is_new) schedule(group, now + group.timers.wait);
    return group;
}

void Dispatcher::join_group(Tracked& tracked, Group& group, WallTime now) {
    tracked.groups.insert(group.id);
    group.members[tracked.alert.labels] = {tracked.alert, false, false};
    note_news(group, tracked.alert);
    // An alert that has waited elsewhere (a restart, a reload) need not wait again.
    if (!group.flushed && starts_at(tracked.alert) + group.timers.wait < now) {
        schedule(group, std::min(group.next_flush, now));
    }
}

void Dispatcher::leave_group(Tracked& tracked, Group& group) {
    group.members.erase(tracked.alert.labels);
    tracked.groups.erase(group.id);
}

void Dispatcher::replace(SharedRouting routing, WallTime now) {
    PILOT_CHECK(routing != nullptr);
    follow_clock(now);
    routing_ = std::move(routing);
    apply_routing(now);
}

void Dispatcher::apply_routing(WallTime now) {
    inhibitor_.replace(routing_->inhibit_rules);
    std::vector<Group*> homeless;
    for (auto& [id, group] : groups_) {
        std::erase_if(group->known_by, [&](const auto& entry) {
            if (routing_->find_integration(entry.first) != nullptr) return false;
            forget(*group, entry.first);
            return true;
        });
        if (routing_->find_receiver(group->receiver) == nullptr) homeless.push_back(group.get());
    }
    for (Group* group : homeless) {
        for (const auto& [labels, member] : group->members) {
            alerts_.at(labels).groups.erase(group->id);
        }
        group->members.clear();
        erase_group(*group);
    }
    for (auto& [labels, tracked] : alerts_) {
        inhibitor_.update(tracked.alert);
        rehome(tracked, now);
    }
    std::vector<Group*> all;
    for (auto& [id, group] : groups_) all.push_back(group.get());
    for (Group* group : all) {
        const WallTime latest = now + std::max(group->timers.interval, group->timers.wait);
        schedule(*group, std::min(group->next_flush, latest));
        sweep(*group, now);
    }
    std::erase_if(alerts_, [&](const auto& entry) {
        if (!entry.second.groups.empty()) return false;
        inhibitor_.forget(entry.first);
        return true;
    });
}

void Dispatcher::rehome(Tracked& tracked, WallTime now) {
    const Labels labels = tracked.alert.labels;
    auto routes = matching_routes(routing_->route, labels);
    const std::set<GroupId> before = tracked.groups;
    for (const GroupId id : before) {
        Group& group = *groups_.at(id);
        Member& member = group.members.at(labels);
        const auto same = std::ranges::find_if(routes, [&](const Route* route) {
            return group_key(*route, group_labels_of(*route, labels)) == group.key;
        });
        if (same != routes.end()) {
            group_for(**same, labels, now);
            member.leaving = false;
            routes.erase(same);
        } else if (group.was_told(labels)) {
            // Told there, so its end will be told there; and no second time to the same receiver.
            const auto elsewhere = std::ranges::find_if(
                routes, [&](const Route* route) { return route->receiver == group.receiver; });
            member.leaving = elsewhere == routes.end();
            if (elsewhere != routes.end()) {
                const Route& route = **elsewhere;
                group.timers = {route.group_wait, route.group_interval, route.repeat_interval};
                routes.erase(elsewhere);
            }
        } else if (tracked.alert.state == AlertState::firing) {
            leave_group(tracked, group);
        }
    }
    if (tracked.alert.state != AlertState::firing) return;
    for (const Route* route : routes) join_group(tracked, group_for(*route, labels, now), now);
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
        const FlushView view = view_for(group, knowledge, muted);
        const auto cause =
            needs_telling(knowledge, view, integration->send_resolved(), group.timers, now);
        if (cause) tell(group, *integration, view, *cause, now, out);
    }
    group.flushed = true;
    group.news_at.reset();
    for (auto& [labels, member] : group.members) {
        member.end_seen = member.alert.state == AlertState::resolved;
    }
}

FlushView Dispatcher::view_for(const Group& group, const Knowledge& knowledge,
                               bool muted_by_time) const {
    FlushView view;
    for (const auto& [labels, member] : group.members) {
        const bool told = knowledge.firing.contains(labels);
        const bool muted = muted_by_time || member.leaving || inhibitor_.mutes(labels);
        if (member.alert.state == AlertState::resolved) {
            // Muted or not, whoever was told of the beginning is told of the end.
            if (!muted || told || knowledge.resolved.contains(labels)) {
                view.resolved.push_back(&member.alert);
            }
        } else if (!muted) {
            view.firing.push_back(&member.alert);
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
    std::ranges::sort(firing, {}, [](const Alert* alert) -> const Labels& { return alert->labels; });
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
    for (const Alert* alert : firing) notification.alerts.push_back(to_notified(*alert));
    if (integration.send_resolved() || silent) {
        for (const Alert* alert : view.resolved) notification.alerts.push_back(to_notified(*alert));
    }

    knowledge.firing.clear();
    knowledge.resolved.clear();
    for (const Alert* alert : firing) knowledge.firing.insert(alert->labels);
    for (const Alert* alert : view.resolved) knowledge.resolved.insert(alert->labels);
    if (silent && !knowledge.pending) {
        knowledge.failed = false;
        return;
    }
    knowledge.sequence = notification.sequence = next_sequence_++;
    knowledge.decided_at = now;
    knowledge.pending = true;
    knowledge.failed = false;
    out.push_back(std::move(notification));
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
    const auto holds = [&](const std::string& name) {
        const auto found = routing_->time_intervals.find(name);
        return found != routing_->time_intervals.end() &&
               std::ranges::any_of(found->second, [&](const TimeInterval& interval) {
                   return interval.contains(now);
               });
    };
    if (std::ranges::any_of(group.mute_time_intervals, holds)) return true;
    return !group.active_time_intervals.empty() &&
           std::ranges::none_of(group.active_time_intervals, holds);
}

std::vector<Dispatcher::GroupView> Dispatcher::groups() const {
    std::vector<GroupView> views;
    for (const auto& [id, group] : groups_) {
        GroupView view{group->receiver, group->labels, {}, group->next_flush};
        for (const auto& [labels, member] : group->members) view.alerts.push_back(member.alert);
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

#include <fmt/format.h>

#include <algorithm>

#include "alerting/dispatcher.h"
#include "core/check.h"

/// Which group an alert belongs to: at first, after a restart, and when the routes change.
namespace pilotlight::alerting {
namespace {

std::string group_key(const Route& route, const Labels& labels) {
    std::string key = fmt::format("{}:{}", route.receiver, labels.to_string());
    if (!route.discriminator.empty()) key += fmt::format("#{}", route.discriminator);
    return key;
}

WallTime starts_at(const Alert& alert) {
    return alert.fired_at.value_or(alert.active_at);
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

}  // namespace

void Dispatcher::restore(std::vector<Told> told, std::uint64_t next_sequence, WallTime now) {
    PILOT_CHECK(groups_.empty());
    next_sequence_ = std::max(next_sequence_, next_sequence);
    for (const Told& entry : told) {
        const Notification& last = entry.last;
        if (last.is_beyond_routes()) continue;
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
            Group& group = *groups_.at(id);
            const bool silenced = !ended && was_silenced_since(group, labels, now);
            group.members[labels] = {tracked.alert, false, ended, silenced};
        }
    }
    apply_routing(nullptr, now);
    for (auto& [id, group] : groups_) {
        WallTime decided_at{};
        for (const auto& [address, knowledge] : group->known_by) {
            decided_at = std::max(decided_at, knowledge.decided_at);
        }
        // On the grid of the flushes before, so that repeats keep their times.
        const Duration interval = std::max(group->timers.interval, Duration(1));
        const Duration since = std::max(now - decided_at, Duration(0));
        schedule(*group, now + (interval - since % interval) % interval);
    }
}

bool Dispatcher::was_silenced_since(const Group& group, const Labels& labels, WallTime now) const {
    return std::ranges::any_of(group.known_by, [&](const auto& entry) {
        return silences_.hid_since(labels, entry.second.decided_at, now);
    });
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
    group.members[tracked.alert.labels] = {tracked.alert, false, false, false};
    group.note_news(tracked.alert);
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
    const SharedRouting before = std::exchange(routing_, std::move(routing));
    apply_routing(before.get(), now);
}

void Dispatcher::apply_routing(const RoutingConfig* before, WallTime now) {
    inhibitor_.replace(routing_->inhibit_rules);
    std::vector<Group*> homeless;
    for (auto& [id, group] : groups_) {
        std::erase_if(group->known_by, [&](const auto& entry) {
            if (routing_->find_integration(entry.first) != nullptr) return false;
            if (before != nullptr) {
                say_farewell(*group, entry.second, before->find_integration(entry.first), now);
            }
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
    for (auto& [id, group] : groups_)
        all.push_back(group.get());
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
    for (const Route* route : routes)
        join_group(tracked, group_for(*route, labels, now), now);
}

}  // namespace pilotlight::alerting

#include <algorithm>
#include <unordered_map>

#include "alerting/dispatcher.h"

/// What can be seen of the alerts from outside.
namespace pilotlight::alerting {

Muting Dispatcher::muting(const Labels& labels, WallTime now) const {
    return {silences_.silencing(labels, now), inhibitor_.muting(labels)};
}

std::vector<Telling> Dispatcher::tellings(const Labels& labels, WallTime now) const {
    std::vector<Telling> all;
    const auto tracked = alerts_.find(labels);
    if (tracked == alerts_.end()) return all;
    for (const GroupId id : tracked->second.groups) {
        const Group& group = *groups_.at(id);
        for (const auto& [address, knowledge] : group.known_by) {
            Telling one;
            one.to = address;
            one.knows_firing = knowledge.firing.contains(labels);
            one.knows_end = knowledge.resolved.contains(labels);
            one.pending = knowledge.pending;
            one.failed = knowledge.failed;
            if (!knowledge.is_empty()) one.decided_at = knowledge.decided_at;
            one.delivered_at = knowledge.delivered_at;
            one.next_flush = group.next_flush;
            one.muted_by = muting_intervals(group, now);
            all.push_back(std::move(one));
        }
    }
    std::ranges::sort(all, {}, &Telling::to);
    return all;
}

std::vector<Labels> Dispatcher::firing_under(const Silence& silence) const {
    std::vector<Labels> found;
    for (const auto& [labels, tracked] : alerts_) {
        if (tracked.alert.state == AlertState::firing && silence.matches(labels)) {
            found.push_back(labels);
        }
    }
    return found;
}

AlertingView Dispatcher::view(WallTime now) const {
    AlertingView view;
    view.at = now;
    view.routing = routing_;
    std::unordered_map<Labels, std::size_t> index_of;
    for (const auto& [labels, tracked] : alerts_) {
        if (tracked.alert.state != AlertState::firing) continue;
        index_of.emplace(labels, view.alerts.size());
        AlertingView::OneAlert one;
        one.alert = tracked.alert;
        one.updated_at = tracked.updated_at;
        for (const Route* route : matching_routes(routing_->route, labels))
            one.receivers.push_back(route->receiver);
        one.muting = muting(labels, now);
        view.alerts.push_back(std::move(one));
    }
    for (const auto& [id, group] : groups_) {
        AlertingView::OneGroup one{group->receiver, group->labels, {}, {}};
        for (const auto& [labels, member] : group->members) {
            const auto found = index_of.find(labels);
            if (found != index_of.end() && !member.leaving) one.alerts.push_back(found->second);
        }
        if (one.alerts.empty()) continue;
        one.muted_by = muting_intervals(*group, now);
        view.groups.push_back(std::move(one));
    }
    std::ranges::sort(view.groups, [](const auto& a, const auto& b) {
        return a.labels == b.labels ? a.receiver < b.receiver : a.labels < b.labels;
    });
    for (const auto& [id, silence] : silences_.all())
        view.silences.push_back(silence);
    return view;
}

}  // namespace pilotlight::alerting

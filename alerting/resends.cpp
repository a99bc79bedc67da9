#include "alerting/resends.h"

#include <algorithm>

namespace pilotlight::alerting {
namespace {

constexpr auto kEndsToldFor = std::chrono::minutes(15);

}  // namespace

void Resends::set_interval(std::optional<Duration> every) {
    every_ = every;
    if (!every_) groups_.clear();
}

void Resends::told(const Notification& notification, SteadyTime now) {
    if (!every_) return;
    groups_[notification.group_key] = {notification, now + *every_, now + kEndsToldFor};
}

std::optional<Notification> Resends::take_due(SteadyTime now) {
    const auto due =
        std::ranges::find_if(groups_, [&](const auto& entry) { return entry.second.next <= now; });
    if (due == groups_.end()) return std::nullopt;
    Group& group = due->second;
    if (now >= group.until) {
        std::erase_if(group.last.alerts,
                      [](const NotifiedAlert& alert) { return alert.status == Status::resolved; });
    }
    if (group.last.alerts.empty()) {
        groups_.erase(due);
        return take_due(now);
    }
    group.next = now + every_.value_or(kEndsToldFor);
    return group.last;
}

std::optional<SteadyTime> Resends::next_due() const {
    std::optional<SteadyTime> first;
    for (const auto& [key, group] : groups_) {
        if (!first || group.next < *first) first = group.next;
    }
    return first;
}

}  // namespace pilotlight::alerting

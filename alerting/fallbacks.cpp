#include "alerting/fallbacks.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/annotations.h"

namespace pilotlight::alerting {
namespace {

std::vector<std::pair<Labels, Status>> content_of(const Notification& notification) {
    std::vector<std::pair<Labels, Status>> content;
    for (const NotifiedAlert& alert : notification.alerts)
        content.emplace_back(alert.labels, alert.status);
    return content;
}

Notification copy_for(const Notification& notification, const Address& to, std::string_view note) {
    Notification copy = notification;
    copy.to = to;
    copy.instead_of = notification.to.receiver;
    copy.only_amends = false;
    copy.missed = false;
    for (NotifiedAlert& alert : copy.alerts) {
        const std::string_view said = alert.annotations.get("description");
        AnnotationsBuilder annotations(alert.annotations);
        annotations.set("description",
                        said.empty() ? std::string(note) : fmt::format("{} {}", note, said));
        alert.annotations = annotations.build();
    }
    return copy;
}

}  // namespace

std::vector<Notification> take_due(SendQueue& queue, const ReceiverConfig& receiver,
                                   SteadyTime now) {
    const std::optional<SteadyTime> since = queue.failing_since();
    const bool is_down = queue.failures() >= receiver.fallback_failures ||
                         (since && now - *since >= receiver.fallback_for);
    std::vector<Notification> due;
    if (!is_down && !queue.has_retries()) return due;
    queue.visit_waiting([&](SendQueue::Item& item) {
        const bool is_stuck = item.attempts >= receiver.fallback_failures ||
                              (item.attempts > 0 && now - item.since >= receiver.fallback_for);
        if (item.handed_over || item.notification.only_amends || !(is_down || is_stuck)) return;
        item.handed_over = true;
        due.push_back(item.notification);
    });
    return due;
}

std::optional<SteadyTime> due_at(const SendQueue& queue, const ReceiverConfig& receiver) {
    const std::optional<SteadyTime> since = queue.failing_since();
    // Only while something is left to hand over: else this would be the past.
    if (!since || !queue.waiting_since()) return std::nullopt;
    return *since + receiver.fallback_for;
}

void Fallbacks::restore(const Told& told) {
    const Notification& last = told.last;
    if (last.instead_of.empty() || last.status() == Status::resolved || told.failed) return;
    Entry& entry = entries_[{last.instead_of, last.group_key}];
    entry.asked.push_back(last.to);
    entry.content = content_of(last);
}

std::vector<Notification> Fallbacks::hand_over(const Notification& notification,
                                               const ReceiverConfig& fallback,
                                               std::string_view why) {
    if (notification.only_amends) return {};
    const Key key{notification.to.receiver, notification.group_key};
    const bool ended = notification.status() == Status::resolved;
    make_room();
    Entry& entry = entries_[key];
    if (entry.content == content_of(notification)) return {};
    const bool is_new = entry.asked.empty();
    const std::string note = fmt::format("[For {}, whose {} {}.]", notification.to.receiver,
                                         notification.to.integration, why);
    entry.content = content_of(notification);
    entry.ended = ended;
    entry.asked.clear();
    std::vector<Notification> copies;
    for (const IntegrationPtr& integration : fallback.integrations) {
        if (ended && !integration->send_resolved()) continue;
        copies.push_back(copy_for(notification, integration->address(), note));
        if (is_new) copies.back().cause = ended ? Cause::resolved : Cause::first;
        if (!ended) entry.asked.push_back(integration->address());
    }
    return copies;
}

std::vector<Notification> Fallbacks::follow(const Notification& newer,
                                            const RoutingConfig& routing) {
    if (newer.status() != Status::resolved) return {};
    const auto found = entries_.find({newer.to.receiver, newer.group_key});
    if (found == entries_.end() || found->second.ended) return {};
    const std::string note =
        fmt::format("[For {}, in whose place you were told.]", newer.to.receiver);
    std::vector<Notification> copies;
    for (const Address& address : found->second.asked) {
        const IntegrationPtr integration = routing.find_integration(address);
        if (integration == nullptr || !integration->send_resolved()) continue;
        copies.push_back(copy_for(newer, address, note));
        copies.back().cause = Cause::resolved;
    }
    found->second = {.asked = {}, .content = content_of(newer), .ended = true};
    return copies;
}

void Fallbacks::make_room() {
    if (entries_.size() < kEntriesMax) return;
    std::erase_if(entries_, [](const auto& entry) { return entry.second.ended; });
}

void Fallbacks::refused(const Notification& copy) {
    const auto found = entries_.find({copy.instead_of, copy.group_key});
    if (found == entries_.end()) return;
    std::erase(found->second.asked, copy.to);
    if (found->second.asked.empty()) entries_.erase(found);
}

}  // namespace pilotlight::alerting

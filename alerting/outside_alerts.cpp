#include "alerting/outside_alerts.h"

#include <fmt/format.h>

#include <algorithm>

namespace pilotlight::alerting {
namespace {

Alert to_alert(const OutsideAlert& outside, AlertState state) {
    Alert alert;
    alert.labels = outside.labels;
    alert.annotations = outside.annotations;
    alert.state = state;
    alert.active_at = outside.starts_at;
    alert.fired_at = outside.starts_at;
    if (state == AlertState::resolved) alert.resolved_at = outside.ends_at;
    alert.generator_url = outside.generator_url;
    return alert;
}

/// What was posted, with the times that are left out filled in.
OutsideAlert timed(const PostedAlert& posted, WallTime now, Duration resolve_timeout) {
    OutsideAlert alert;
    alert.labels = posted.labels;
    alert.annotations = posted.annotations;
    alert.generator_url = posted.generator_url;
    alert.updated_at = now;
    alert.starts_at = posted.starts_at.value_or(posted.ends_at.value_or(now));
    alert.timeout = !posted.ends_at;
    alert.ends_at = posted.ends_at.value_or(now + resolve_timeout);
    return alert;
}

/// Whether one lasted while the other did: then both tell of one outage.
bool overlap(const OutsideAlert& old, const OutsideAlert& fresh) {
    return (fresh.ends_at > old.starts_at && fresh.ends_at < old.ends_at) ||
           (fresh.starts_at >= old.starts_at && fresh.starts_at < old.ends_at);
}

void merge_into(OutsideAlert& fresh, const OutsideAlert& old, WallTime now) {
    fresh.starts_at = std::min(fresh.starts_at, old.starts_at);
    const bool ended = fresh.ends_at <= now;
    if (!ended && !old.timeout) fresh.ends_at = std::max(fresh.ends_at, old.ends_at);
}

}  // namespace

OutsideAlerts::OutsideAlerts() : OutsideAlerts(Options()) {}

OutsideAlerts::OutsideAlerts(Options options) : options_(options) {}

std::optional<std::string> find_fault(const PostedAlert& posted) {
    if (posted.labels.empty()) return "at least one label pair required";
    for (const auto& [labels, what] :
         {std::pair{&posted.labels, "label set"}, std::pair{&posted.annotations, "annotations"}}) {
        for (const Label label : *labels) {
            if (label.name.empty()) return fmt::format("invalid {}: invalid name \"\"", what);
        }
    }
    if (posted.starts_at && posted.ends_at && *posted.ends_at < *posted.starts_at) {
        return "start time must be before end time";
    }
    return std::nullopt;
}

OutsideAlerts::Change OutsideAlerts::restore(std::vector<OutsideAlert> alerts, WallTime now,
                                             Duration grace) {
    Change change;
    alerts_.clear();
    by_end_.clear();
    for (OutsideAlert& alert : alerts) {
        alert.ends_at = std::max(alert.ends_at, now + grace);
        store(std::move(alert), now, change);
    }
    change.written.clear();
    return change;
}

OutsideAlerts::Change OutsideAlerts::post(const std::vector<PostedAlert>& posted, WallTime now,
                                          Duration resolve_timeout) {
    Change change;
    for (const PostedAlert& one : posted)
        post_one(one, now, resolve_timeout, change);
    return change;
}

void OutsideAlerts::post_one(const PostedAlert& posted, WallTime now, Duration resolve_timeout,
                             Change& change) {
    OutsideAlert fresh = timed(posted, now, resolve_timeout);
    auto fault = find_fault(posted);
    if (!fault && fresh.ends_at < fresh.starts_at) fault = "start time must be before end time";
    const std::size_t bytes = posted.labels.text_bytes() + posted.annotations.text_bytes();
    if (!fault && bytes > options_.bytes_max) {
        fault = fmt::format("alert exceeded maximum size: {} bytes (limit: {} bytes)", bytes,
                            options_.bytes_max);
    }
    const OutsideAlert* old = find(posted.labels);
    if (!fault && old == nullptr && alerts_.size() >= options_.count_max) {
        fault = fmt::format("exceeded maximum number of alerts: {} (limit: {})", alerts_.size(),
                            options_.count_max);
    }
    if (fault) {
        change.refused.push_back(std::move(*fault));
        return;
    }
    (fresh.ends_at > now ? change.firing : change.resolved) += 1;
    if (old != nullptr && overlap(*old, fresh)) merge_into(fresh, *old, now);
    store(std::move(fresh), now, change);
}

void OutsideAlerts::store(OutsideAlert alert, WallTime now, Change& change) {
    const bool was_known = find(alert.labels) != nullptr;
    if (was_known) erase(alert.labels);
    if (alert.ends_at <= now) {
        change.alerts.push_back(to_alert(alert, AlertState::resolved));
        if (was_known) change.removed.push_back(alert.labels);
        return;
    }
    change.alerts.push_back(to_alert(alert, AlertState::firing));
    if (!was_known) change.began.push_back(alert.labels);
    change.written.push_back(alert);
    by_end_.emplace(alert.ends_at, alert.labels);
    const Labels labels = alert.labels;
    alerts_.insert_or_assign(labels, std::move(alert));
}

OutsideAlerts::Change OutsideAlerts::tick(WallTime now) {
    Change change;
    while (!by_end_.empty() && by_end_.begin()->first <= now) {
        const Labels labels = by_end_.begin()->second;
        change.alerts.push_back(to_alert(alerts_.at(labels), AlertState::resolved));
        change.removed.push_back(labels);
        erase(labels);
    }
    return change;
}

void OutsideAlerts::was_blind(WallTime now, Duration grace) {
    for (auto& [labels, alert] : alerts_)
        alert.ends_at = std::max(alert.ends_at, now + grace);
    by_end_.clear();
    for (const auto& [labels, alert] : alerts_)
        by_end_.emplace(alert.ends_at, labels);
}

std::optional<WallTime> OutsideAlerts::next_wakeup() const {
    if (by_end_.empty()) return std::nullopt;
    return by_end_.begin()->first;
}

const OutsideAlert* OutsideAlerts::find(const Labels& labels) const {
    const auto found = alerts_.find(labels);
    return found == alerts_.end() ? nullptr : &found->second;
}

std::vector<Labels> OutsideAlerts::labels() const {
    std::vector<Labels> all;
    for (const auto& [labels, alert] : alerts_)
        all.push_back(labels);
    return all;
}

void OutsideAlerts::erase(const Labels& labels) {
    const auto found = alerts_.find(labels);
    by_end_.erase({found->second.ends_at, labels});
    alerts_.erase(found);
}

}  // namespace pilotlight::alerting

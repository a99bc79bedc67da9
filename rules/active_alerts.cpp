#include "rules/active_alerts.h"

#include "core/check.h"
#include "rules/narrowed_expr.h"

namespace pilotlight::rules {

ActiveAlerts::Entry* ActiveAlerts::find(const Labels& labels) {
    const auto found = alerts_.find(labels);
    return found == alerts_.end() ? nullptr : &*found;
}

std::vector<ActiveAlerts::Entry*> ActiveAlerts::entries() {
    std::vector<Entry*> all;
    all.reserve(alerts_.size());
    for (Entry& entry : alerts_)
        all.push_back(&entry);
    return all;
}

std::vector<ActiveAlerts::Entry*> ActiveAlerts::of(std::string_view target) {
    const auto found = by_target_.find(target);
    if (found == by_target_.end()) return {};
    return {found->second.begin(), found->second.end()};
}

std::size_t ActiveAlerts::count(std::string_view target) const {
    const auto found = by_target_.find(target);
    return found == by_target_.end() ? 0 : found->second.size();
}

std::vector<std::string> ActiveAlerts::targets() const {
    std::vector<std::string> targets;
    targets.reserve(by_target_.size());
    for (const auto& [target, entries] : by_target_)
        targets.push_back(target);
    return targets;
}

void ActiveAlerts::put(const Labels& labels, ActiveAlert alert) {
    if (Entry* known = find(labels)) erase(*known);
    std::string target(alert.row.get(kTargetLabel));
    Entry& entry = *alerts_.emplace(labels, std::move(alert)).first;
    by_target_[std::move(target)].insert(&entry);
}

void ActiveAlerts::erase(Entry& entry) {
    const auto found = by_target_.find(entry.second.row.get(kTargetLabel));
    PILOT_CHECK(found != by_target_.end() && found->second.erase(&entry) == 1);
    if (found->second.empty()) by_target_.erase(found);
    const Labels labels = entry.first;
    alerts_.erase(labels);
}

}  // namespace pilotlight::rules

#include "rules/flaps.h"

#include <algorithm>

namespace pilotlight::rules {

bool Flaps::note(const Labels& alert, const FlapPolicy& policy, WallTime now) {
    if (!changes_.contains(alert) && changes_.size() >= kAlertsMax) return false;
    auto& times = changes_[alert];
    times.push_back(now);
    // A clock that was set back leaves times of the future behind: they count as none.
    std::erase_if(times, [&](WallTime time) { return time > now || now - time > policy.within; });
    if (times.size() > policy.changes) {
        times.erase(times.begin(), times.end() - static_cast<std::ptrdiff_t>(policy.changes));
    }
    return times.size() >= policy.changes;
}

void Flaps::restore(const Labels& alert, std::vector<WallTime> changes) {
    if (changes.empty()) return;
    if (changes.size() > FlapPolicy::kChangesMax) changes.resize(FlapPolicy::kChangesMax);
    changes_.insert_or_assign(alert, std::move(changes));
}

std::vector<WallTime> Flaps::of(const Labels& alert) const {
    const auto found = changes_.find(alert);
    return found == changes_.end() ? std::vector<WallTime>() : found->second;
}

std::vector<Labels> Flaps::forget(const RulePolicies& policies, WallTime now) {
    std::vector<Labels> forgotten;
    for (auto one = changes_.begin(); one != changes_.end();) {
        const FlapPolicy* flap = policies.of(one->first).flap;
        const bool counts = flap != nullptr && now - one->second.back() <= flap->within;
        if (counts) {
            ++one;
            continue;
        }
        forgotten.push_back(one->first);
        one = changes_.erase(one);
    }
    return forgotten;
}

std::vector<Labels> Flaps::alerts() const {
    std::vector<Labels> all;
    for (const auto& [labels, times] : changes_)
        all.push_back(labels);
    return all;
}

}  // namespace pilotlight::rules

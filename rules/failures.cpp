#include "rules/failures.h"

#include <algorithm>
#include <iterator>

#include "rules/sources.h"

namespace pilotlight::rules {

void Failures::add(std::string_view target, Evidence evidence) {
    const auto known = failed_.find(target);
    if (known != failed_.end()) {
        known->second = {std::move(evidence), false};
    } else if (failed_.size() < kTargetsMax) {
        failed_.emplace(target, Failure{std::move(evidence), false});
    }
}

void Failures::succeeded(std::string_view target,
                         const std::function<bool(std::string_view, const Evidence&)>& is_silent) {
    for (auto entry = failed_.begin(); entry != failed_.end();) {
        auto& [failed, failure] = *entry;
        const bool judged = target.empty() || failed == target;
        if (judged) failure.silent = is_silent(failed, failure.evidence);
        entry = judged && !failure.silent ? failed_.erase(entry) : std::next(entry);
    }
}

void Failures::restore(const Evidence& evidence) {
    if (evidence.targets.size() != 1) return add("", evidence);
    add(evidence.targets.front(), evidence);
}

bool Failures::any_seen() const {
    return std::ranges::any_of(failed_, [](const auto& entry) { return !entry.second.silent; });
}

Evidence Failures::evidence() const {
    Evidence all;
    for (const auto& [target, failure] : failed_) {
        all.selectors |= failure.evidence.selectors;
        all.valid_for = std::max(all.valid_for, failure.evidence.valid_for);
        for (const std::string& one : failure.evidence.targets) {
            if (all.targets.size() >= Sources::kTargetsMax) break;
            if (std::ranges::find(all.targets, one) == all.targets.end())
                all.targets.push_back(one);
        }
    }
    return all;
}

}  // namespace pilotlight::rules

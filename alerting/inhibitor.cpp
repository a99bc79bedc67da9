#include "alerting/inhibitor.h"

#include <algorithm>
#include <set>

namespace pilotlight::alerting {
namespace {

/// The values of `equal`, so joined that no two lists of values look alike.
std::string equal_values(const InhibitRule& rule, const Labels& labels) {
    std::string joined;
    for (const std::string& name : rule.equal) {
        const std::string_view value = labels.get(name);
        joined += std::to_string(value.size());
        joined += ':';
        joined += value;
    }
    return joined;
}

}  // namespace

void Inhibitor::replace(const std::vector<InhibitRule>& rules) {
    rules_.clear();
    for (const InhibitRule& rule : rules)
        rules_.push_back({rule, {}});
}

void Inhibitor::update(const Alert& alert) {
    if (alert.state != AlertState::firing) return forget(alert.labels);
    for (Rule& rule : rules_) {
        if (!all_match(rule.rule.source, alert.labels)) continue;
        rule.sources[equal_values(rule.rule, alert.labels)].insert(alert.labels);
    }
}

void Inhibitor::forget(const Labels& labels) {
    for (Rule& rule : rules_) {
        const auto found = rule.sources.find(equal_values(rule.rule, labels));
        if (found == rule.sources.end()) continue;
        found->second.erase(labels);
        if (found->second.empty()) rule.sources.erase(found);
    }
}

template <class F>
bool Inhibitor::any_source(const Labels& labels, F found) const {
    return std::ranges::any_of(rules_, [&](const Rule& rule) {
        if (!all_match(rule.rule.target, labels)) return false;
        const auto sources = rule.sources.find(equal_values(rule.rule, labels));
        if (sources == rule.sources.end()) return false;
        const bool is_source_too = all_match(rule.rule.source, labels);
        return std::ranges::any_of(sources->second, [&](const Labels& source) {
            const bool mutes = !is_source_too || !all_match(rule.rule.target, source);
            return mutes && found(source);
        });
    });
}

bool Inhibitor::mutes(const Labels& labels) const {
    return any_source(labels, [](const Labels&) { return true; });
}

std::vector<Labels> Inhibitor::muting(const Labels& labels) const {
    std::set<Labels> sources;
    any_source(labels, [&](const Labels& source) {
        sources.insert(source);
        return sources.size() >= kSourcesNamed;
    });
    return {sources.begin(), sources.end()};
}

}  // namespace pilotlight::alerting

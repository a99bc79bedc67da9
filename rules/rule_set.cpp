#include "rules/rule_set.h"

#include <algorithm>

#include "core/hash.h"
#include "rules/rule_id.h"

namespace pilotlight::rules {

namespace {

/// 1 while a probe fails, absent while it does not.
constexpr std::string_view kFailureInfo = "probe_failure_info";

}  // namespace

WallTime next_tick(const RunningGroup& group, WallTime now) {
    const auto interval = group.interval.count();
    const auto hash = hash_bytes(group.group.name, hash_bytes(group.group.file));
    const auto phase = static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(interval));
    const auto since = now.time_since_epoch().count() - phase;
    const auto passed = since - (since % interval + interval) % interval;
    return WallTime(Duration(passed + phase + interval));
}

RuleSet::ById RuleSet::replace(std::vector<RuleFile> files, const Terms& terms, WallTime now) {
    ById old = take_rules();
    std::map<std::uint64_t, std::size_t> repeats;
    for (auto& file : files) {
        for (auto& group : file.groups)
            add_group(std::move(group), old, repeats, terms, now);
    }
    find_sources();
    return old;
}

RuleSet::ById RuleSet::take_rules() {
    ById old;
    for (auto& rule : rules_) {
        const std::uint64_t id = rule.id();
        old.emplace(id, std::move(rule));
    }
    groups_.clear();
    rules_.clear();
    group_of_.clear();
    dependents_ = {};
    return old;
}

void RuleSet::add_group(RuleGroup group, ById& old, std::map<std::uint64_t, std::size_t>& repeats,
                        const Terms& terms, WallTime now) {
    RunningGroup running;
    running.interval = std::max(group.interval.value_or(terms.interval), Duration{1});
    running.first = size();
    running.count = static_cast<std::uint32_t>(group.rules.size());
    running.next_due = now;
    for (auto& rule : group.rules) {
        const std::size_t repeat = repeats[rule_id(group, rule, 0)]++;
        const std::uint64_t id = rule_id(group, rule, repeat);
        auto known = old.extract(id);
        if (known.empty()) {
            rules_.emplace_back(std::move(rule), id);
        } else {
            rules_.push_back(std::move(known.mapped()));
            rules_.back().set_rule(std::move(rule));
        }
        group_of_.push_back(static_cast<std::uint32_t>(groups_.size()));
        RunningRule& added = rules_.back();
        added.set_policies(terms.policies);
        auto selectors = selectors_of(added.rule(), terms.reads);
        dependents_.add(size() - 1, selectors);
        dependents_.add(size() - 1, added.policies().selectors(terms.reads.lookback));
        added.set_selectors(std::move(selectors));
    }
    group.rules.clear();
    running.group = std::move(group);
    groups_.push_back(std::move(running));
}

void RuleSet::find_sources() {
    ByRecord by_record;
    for (std::uint32_t i = 0; i < size(); ++i) {
        if (!rules_[i].rule().is_alerting()) by_record[rules_[i].rule().name].push_back(i);
    }
    for (auto& rule : rules_) {
        if (!rule.rule().is_alerting()) continue;
        std::vector<Source> sources;
        std::set<std::uint32_t> visited;
        add_sources(rule.selectors(), by_record, visited, sources);
        rule.set_sources(Sources(std::move(sources)));
    }
}

/// What rules record counts as the series that it is made from.
void RuleSet::add_sources(const std::vector<promql::SelectorUse>& selectors,
                          const ByRecord& by_record, std::set<std::uint32_t>& visited,
                          std::vector<Source>& sources) const {
    for (const auto& selector : selectors) {
        if (sources.size() >= Sources::kSourcesMax) return;
        if (selector.metric_name == kAlerts || selector.metric_name == kAlertsForState) continue;
        const auto recorders = by_record.find(selector.metric_name);
        if (selector.metric_name.empty() || recorders == by_record.end()) {
            sources.push_back(
                {selector.matchers, selector.reach, selector.metric_name == kFailureInfo});
            continue;
        }
        for (const std::uint32_t recorder : recorders->second) {
            if (!visited.insert(recorder).second) continue;
            add_sources(rules_[recorder].selectors(), by_record, visited, sources);
        }
    }
}

series::Retention RuleSet::retention(const ReadDefaults& defaults) const {
    series::Retention retention;
    for (std::uint32_t i = 0; i < size(); ++i) {
        const Duration offset = group_of(i).group.query_offset;
        add_needs(rules_[i].rule(), offset, defaults, retention);
        const auto ends = rules_[i].policies().selectors(defaults.lookback);
        add_needs(ends, offset, defaults, retention);
    }
    return retention;
}

}  // namespace pilotlight::rules

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

RuleSet::RuleSet(std::vector<RuleFile> files, const Terms& terms) {
    std::size_t count = 0;
    for (const auto& file : files)
        count += file.rule_count();
    rules_.reserve(count);
    group_of_.reserve(count);
    Repeats repeats;
    for (auto& file : files) {
        for (auto& group : file.groups)
            add_group(std::move(group), repeats, terms);
    }
    find_sources();
}

void RuleSet::add_group(RuleGroup group, Repeats& repeats, const Terms& terms) {
    RunningGroup running;
    running.interval = std::max(group.interval.value_or(terms.interval), Duration{1});
    running.first = size();
    running.count = static_cast<std::uint32_t>(group.rules.size());
    for (auto& rule : group.rules) {
        const std::uint64_t first_id = rule_id(group, rule, 0);
        const std::size_t repeat = repeats[first_id]++;
        const std::uint64_t id = repeat == 0 ? first_id : rule_id(group, rule, repeat);
        add_rule(std::move(rule), id, group.query_offset, terms);
    }
    group.rules.clear();
    running.group = std::move(group);
    groups_.push_back(std::move(running));
}

void RuleSet::add_rule(Rule rule, std::uint64_t id, Duration query_offset, const Terms& terms) {
    const std::uint32_t number = size();
    group_of_.push_back(static_cast<std::uint32_t>(groups_.size()));
    RunningRule& added = rules_.emplace_back(std::move(rule), id);
    added.set_policies(terms.policies);
    auto selectors = selectors_of(added.rule(), terms.reads);
    const auto ends = added.policies().selectors(terms.reads.lookback);
    dependents_.add(number, selectors);
    dependents_.add(number, ends);
    add_text_needs(added.rule(), terms.reads, retention_);
    add_needs(selectors, query_offset, terms.reads, retention_);
    add_needs(ends, query_offset, terms.reads, retention_);
    added.set_selectors(std::move(selectors));
}

std::vector<std::uint32_t> RuleSet::take_over(RuleSet& before, WallTime now) {
    for (auto& group : groups_)
        group.next_due = now;
    std::unordered_map<std::uint64_t, std::uint32_t> known;
    known.reserve(before.size());
    for (std::uint32_t i = 0; i < before.size(); ++i)
        known.emplace(before.rules_[i].id(), i);
    for (auto& rule : rules_) {
        const auto same = known.find(rule.id());
        if (same == known.end()) continue;
        rule.take_over(before.rules_[same->second]);
        known.erase(same);
    }
    std::vector<std::uint32_t> gone;
    for (const auto& [id, number] : known)
        gone.push_back(number);
    std::ranges::sort(gone);
    return gone;
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

}  // namespace pilotlight::rules

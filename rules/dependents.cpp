#include "rules/dependents.h"

#include <algorithm>

namespace pilotlight::rules {

namespace {

/// Names come from scraped targets too: what is remembered of them has a limit.
constexpr std::size_t kAnswersMax = 50'000;

}  // namespace

void Dependents::add(std::uint32_t rule, const std::vector<promql::SelectorUse>& selectors) {
    answers_.clear();
    for (const auto& selector : selectors) {
        if (!selector.metric_name.empty()) {
            named_[selector.metric_name].push_back(rule);
            continue;
        }
        Unnamed unnamed{{}, rule};
        std::ranges::copy_if(selector.matchers, std::back_inserter(unnamed.on_name),
                             [](const Matcher& matcher) { return matcher.name() == kMetricName; });
        unnamed_.push_back(std::move(unnamed));
    }
}

const std::vector<std::uint32_t>& Dependents::of(std::string_view name) {
    const auto answer = answers_.find(name);
    if (answer != answers_.end()) return answer->second;
    if (answers_.size() >= kAnswersMax) answers_.clear();
    std::vector<std::uint32_t> rules;
    const auto named = named_.find(name);
    if (named != named_.end()) rules = named->second;
    for (const auto& unnamed : unnamed_) {
        const bool matches = std::ranges::all_of(
            unnamed.on_name, [&](const Matcher& matcher) { return matcher.matches(name); });
        if (matches) rules.push_back(unnamed.rule);
    }
    std::ranges::sort(rules);
    rules.erase(std::ranges::unique(rules).begin(), rules.end());
    return answers_.emplace(std::string(name), std::move(rules)).first->second;
}

}  // namespace pilotlight::rules

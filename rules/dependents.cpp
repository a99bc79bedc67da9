#include "rules/dependents.h"

#include <algorithm>
#include <unordered_set>

namespace pilotlight::rules {

namespace {

/// Names come from scraped targets too: what is remembered of them has a limit.
constexpr std::size_t kAnswersMax = 50'000;

/// Whether only series with a certain value of a label, not the metric name, are selected.
bool fixes_label(const Matcher& matcher) {
    return matcher.op() == Matcher::Op::equal && matcher.name() != kMetricName &&
           !matcher.value().empty();
}

void sort_unique(std::vector<std::uint32_t>& rules) {
    std::ranges::sort(rules);
    rules.erase(std::ranges::unique(rules).begin(), rules.end());
}

}  // namespace

void Dependents::add(std::uint32_t rule, const std::vector<promql::SelectorUse>& selectors) {
    answers_.clear();
    for (const auto& selector : selectors) {
        if (!selector.metric_name.empty()) {
            named_[selector.metric_name].push_back({selector.matchers, rule});
            continue;
        }
        Unnamed unnamed{{}, rule};
        std::ranges::copy_if(selector.matchers, std::back_inserter(unnamed.on_name),
                             [](const Matcher& matcher) { return matcher.name() == kMetricName; });
        unnamed_.push_back(std::move(unnamed));
    }
}

const std::vector<std::uint32_t>& Dependents::of(std::string_view name) {
    return answer(name).all;
}

std::vector<std::uint32_t> Dependents::of(const SampleBatch& batch) {
    ++looks_;
    Rules rules;
    std::string_view last;
    Answer* answers = nullptr;
    for (const Sample& sample : batch.samples) {
        // Batches come family by family.
        const std::string_view name = sample.labels.metric_name();
        if (answers == nullptr || name != last) answers = &answer(name);
        last = name;
        take(answers->any_series, rules);
        for (auto& [label, by_value] : answers->by_label) {
            const auto found = by_value.find(sample.labels.get(label));
            if (found != by_value.end()) take(found->second, rules);
        }
    }
    sort_unique(rules);
    return rules;
}

void Dependents::take(Found& found, Rules& into) const {
    if (std::exchange(found.taken, looks_) == looks_) return;
    into.insert(into.end(), found.rules.begin(), found.rules.end());
}

Dependents::Answer& Dependents::answer(std::string_view name) {
    const auto known = answers_.find(name);
    if (known != answers_.end()) return known->second;
    if (answers_.size() >= kAnswersMax) answers_.clear();
    Answer answer;
    const auto named = named_.find(name);
    if (named != named_.end()) index(named->second, answer);
    for (const auto& unnamed : unnamed_) {
        const bool matches = std::ranges::all_of(
            unnamed.on_name, [&](const Matcher& matcher) { return matcher.matches(name); });
        if (!matches) continue;
        answer.all.push_back(unnamed.rule);
        answer.any_series.rules.push_back(unnamed.rule);
    }
    sort_unique(answer.all);
    return answers_.emplace(std::string(name), std::move(answer)).first->second;
}

/// Each selector under the one of its labels that parts the selectors best.
void Dependents::index(const std::vector<Named>& selectors, Answer& answer) {
    std::map<std::string_view, std::unordered_set<std::string_view>> values;
    for (const Named& selector : selectors) {
        for (const Matcher& matcher : selector.matchers) {
            if (fixes_label(matcher)) values[matcher.name()].insert(matcher.value());
        }
    }
    for (const Named& selector : selectors) {
        const Matcher* best = nullptr;
        for (const Matcher& matcher : selector.matchers) {
            if (!fixes_label(matcher)) continue;
            const bool better = best == nullptr ||
                                values.at(matcher.name()).size() > values.at(best->name()).size();
            if (better) best = &matcher;
        }
        Found& found =
            best == nullptr ? answer.any_series : answer.by_label[best->name()][best->value()];
        found.rules.push_back(selector.rule);
        answer.all.push_back(selector.rule);
    }
}

}  // namespace pilotlight::rules

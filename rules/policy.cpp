#include "rules/policy.h"

#include <algorithm>

#include "rules/narrowed_expr.h"

namespace pilotlight::rules {

namespace {

/// Whether alerts of the rule may match: a label that the rule sets to a constant is known.
bool can_match(const AlertPolicy& policy, const Rule& rule) {
    return std::ranges::all_of(policy.matchers, [&](const Matcher& matcher) {
        if (matcher.name() == kAlertName) return matcher.matches(rule.name);
        const auto set = std::ranges::find(rule.labels, matcher.name(), &Text::name);
        return set == rule.labels.end() || !set->plain || matcher.matches(set->source);
    });
}

}  // namespace

std::string_view to_string(OnNoData choice) {
    switch (choice) {
        case OnNoData::keep:
            return "keep";
        case OnNoData::resolve:
            return "resolve";
        case OnNoData::alert:
            return "alert";
    }
    return "keep";
}

std::string_view to_string(OnError choice) {
    return choice == OnError::alert ? "alert" : "keep";
}

RulePolicies::RulePolicies(SharedPolicies all, const Rule& rule) : all_(std::move(all)) {
    if (all_ == nullptr || !rule.is_alerting()) return;
    for (const AlertPolicy& policy : *all_) {
        if (!can_match(policy, rule)) continue;
        matching_.push_back(&policy);
        if (policy.resolve_when) ends_.push_back(&*policy.resolve_when);
    }
}

PolicyInForce RulePolicies::of(const Labels& alert) const {
    PolicyInForce found;
    bool no_data = false;
    bool error = false;
    bool flap = false;
    for (const AlertPolicy* policy : matching_) {
        if (!all_match(policy->matchers, alert)) continue;
        if (policy->on_no_data && !std::exchange(no_data, true)) {
            found.on_no_data = *policy->on_no_data;
        }
        if (policy->on_error && !std::exchange(error, true)) found.on_error = *policy->on_error;
        if (policy->resolve_when && found.resolve_when == nullptr) {
            found.resolve_when = &*policy->resolve_when;
        }
        if (policy->flap && !std::exchange(flap, true) && policy->flap->changes > 0) {
            found.flap = &*policy->flap;
        }
    }
    return found;
}

bool RulePolicies::alerts_on_no_data() const {
    return std::ranges::any_of(
        matching_, [](const AlertPolicy* policy) { return policy->on_no_data == OnNoData::alert; });
}

bool RulePolicies::alerts_on_error() const {
    return std::ranges::any_of(
        matching_, [](const AlertPolicy* policy) { return policy->on_error == OnError::alert; });
}

bool RulePolicies::narrows() const {
    return std::ranges::all_of(
        ends_, [](const ResolveWhen* end) { return rests_on_one_target(*end->expr); });
}

std::vector<promql::SelectorUse> RulePolicies::selectors(Duration lookback) const {
    std::vector<promql::SelectorUse> all;
    for (const ResolveWhen* end : ends_)
        std::ranges::move(promql::selectors(*end->expr, lookback), std::back_inserter(all));
    return all;
}

}  // namespace pilotlight::rules

#include "app/policies.h"

#include <fmt/format.h>

#include <utility>

#include "rules/place.h"
#include "rules/promql/parser.h"

namespace pilotlight::app {
namespace {

std::optional<rules::OnNoData> on_no_data_of(const std::string& word) {
    if (word.empty()) return std::nullopt;
    if (word == "alert") return rules::OnNoData::alert;
    return word == "resolve" ? rules::OnNoData::resolve : rules::OnNoData::keep;
}

std::optional<rules::OnError> on_error_of(const std::string& word) {
    if (word.empty()) return std::nullopt;
    return word == "alert" ? rules::OnError::alert : rules::OnError::keep;
}

std::optional<rules::ResolveWhen> resolve_when_of(const config::AlertPolicyConfig& policy,
                                                  promql::Compatibility compatibility,
                                                  Errors& errors) {
    const Node& node = policy.resolve_when;
    if (node.is_null()) return std::nullopt;
    auto expr = promql::parse(node.scalar, {.compatibility = compatibility});
    if (!expr) {
        // Keys of a list's item stand where the item begins.
        const int indent = policy.where.column + 2;
        errors.emplace_back(fmt::format("resolve_when: could not parse expression: {}",
                                        promql::describe(expr.error(), node.scalar)),
                            rules::place_inside(node, indent, expr.error().offset));
        return std::nullopt;
    }
    const auto type = (*expr)->type;
    if (type != promql::ValueType::vector && type != promql::ValueType::scalar) {
        errors.push_back(
            node.error(fmt::format("resolve_when: expected an instant vector or a scalar, got a {}",
                                   promql::documented_name(type))));
        return std::nullopt;
    }
    return rules::ResolveWhen{node.scalar, std::move(*expr)};
}

}  // namespace

Checked<rules::SharedPolicies> read_policies(const config::Config& config,
                                             promql::Compatibility compatibility) {
    Errors errors;
    std::vector<rules::AlertPolicy> policies;
    for (const config::AlertPolicyConfig& given : config.alert_policies) {
        rules::AlertPolicy policy;
        policy.matchers = given.matchers;
        policy.on_no_data = on_no_data_of(given.on_no_data);
        policy.on_error = on_error_of(given.on_error);
        policy.resolve_when = resolve_when_of(given, compatibility, errors);
        if (given.flap) {
            policy.flap = {given.flap->changes, given.flap->within, given.flap->settle};
        }
        policy.where = given.where;
        policies.push_back(std::move(policy));
    }
    if (!errors.empty()) return std::unexpected(std::move(errors));
    if (policies.empty()) return nullptr;
    return std::make_shared<const std::vector<rules::AlertPolicy>>(std::move(policies));
}

}  // namespace pilotlight::app

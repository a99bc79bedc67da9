#include "tests/rules/policies.h"

#include <boost/test/unit_test.hpp>

#include "rules/promql/parser.h"

namespace pilotlight::rules {

AlertPolicy policy_for(std::string_view matchers) {
    AlertPolicy policy;
    if (matchers.empty()) return policy;
    auto parsed = parse_matchers(matchers);
    BOOST_REQUIRE(parsed.has_value());
    policy.matchers = std::move(*parsed);
    return policy;
}

AlertPolicy on_no_data(OnNoData choice, std::string_view matchers) {
    AlertPolicy policy = policy_for(matchers);
    policy.on_no_data = choice;
    return policy;
}

AlertPolicy on_error(OnError choice, std::string_view matchers) {
    AlertPolicy policy = policy_for(matchers);
    policy.on_error = choice;
    return policy;
}

AlertPolicy resolve_when(std::string_view expression, std::string_view matchers) {
    AlertPolicy policy = policy_for(matchers);
    auto expr = promql::parse(expression);
    BOOST_REQUIRE(expr.has_value());
    policy.resolve_when = ResolveWhen{std::string(expression), std::move(*expr)};
    return policy;
}

AlertPolicy flap(FlapPolicy flap, std::string_view matchers) {
    AlertPolicy policy = policy_for(matchers);
    policy.flap = flap;
    return policy;
}

EngineOptions with(std::vector<AlertPolicy> policies) {
    EngineOptions options;
    options.policies = std::make_shared<const std::vector<AlertPolicy>>(std::move(policies));
    return options;
}

}  // namespace pilotlight::rules

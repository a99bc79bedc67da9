// Whatever parses can be evaluated within its limits, at a time and over a range.
#include "core/check.h"
#include "fuzz/small_store.h"
#include "rules/promql/evaluate.h"
#include "rules/promql/parser.h"

namespace pilotlight::fuzz {

namespace {

void evaluate(std::string_view text, promql::Compatibility compatibility) {
    const auto parsed = promql::parse(text, {.compatibility = compatibility});
    if (!parsed) return;
    std::vector<std::string> warnings;
    promql::EvalOptions options;
    options.at = kNow;
    options.compatibility = compatibility;
    options.sample_limit = 20'000;
    options.warnings = &warnings;
    const auto value = promql::evaluate(**parsed, small_store(), options);
    PILOT_CHECK(value || !value.error().message.empty());
    const auto range =
        promql::evaluate_range(**parsed, small_store(), kNow - std::chrono::minutes(3), kNow,
                               std::chrono::minutes(1), options);
    PILOT_CHECK(range || !range.error().message.empty());
}

}  // namespace

void promql_eval(std::string_view input) {
    evaluate(input, promql::Compatibility::prometheus2);
    evaluate(input, promql::Compatibility::prometheus3);
}

}  // namespace pilotlight::fuzz

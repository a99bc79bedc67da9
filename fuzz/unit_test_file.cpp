// A unit-test file, whose rule files are the document itself: read, and run.
#include "rules/unit_test_file.h"
#include "core/check.h"
#include "fuzz/texts.h"
#include "rules/rule_file.h"
#include "rules/unit_test.h"

namespace pilotlight::fuzz {

namespace {

/// Evaluations and samples that are no question of robustness but of patience.
bool is_short(const rules::UnitTestFile& file) {
    constexpr std::int64_t kSteps = 1'000;
    std::size_t values = 0;
    const auto fits = [&](Duration time) { return time / file.evaluation_interval < kSteps; };
    for (const auto& test : file.tests) {
        for (const auto& series : test.series)
            values += series.values.size();
        for (const auto& alert : test.alerts) {
            if (!fits(alert.eval_time)) return false;
        }
        for (const auto& expression : test.expressions) {
            if (!fits(expression.eval_time)) return false;
        }
    }
    return values < 10'000;
}

}  // namespace

void unit_test_file(std::string_view input) {
    constexpr std::string_view kRules = R"(
groups:
  - name: g
    rules:
      - {record: r, expr: sum by (x) (a)}
      - {alert: A, expr: a > 1, for: 2m, annotations: {v: '{{ $value }}'}}
)";
    const auto root = read_yaml(input);
    const auto rule_root = read_yaml(kRules);
    PILOT_CHECK(rule_root.has_value());
    if (!root) return;
    const auto file = rules::read_unit_test_file(*root, {});
    if (!file || !is_short(*file)) return;
    rules::UnitTestOptions options;
    options.load = [&](const std::string& pattern) {
        return Result<std::vector<std::pair<std::string, Node>>>({{pattern, *rule_root}});
    };
    const auto report = rules::run_unit_tests(*root, options);
    PILOT_CHECK(report || !report.error().empty());
}

}  // namespace pilotlight::fuzz

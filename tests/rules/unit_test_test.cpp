#include "rules/unit_test.h"

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>

#include "config/yaml.h"

using namespace pilotlight;
using promql::Compatibility;
using rules::run_unit_tests;
using rules::UnitTestOptions;

namespace {

constexpr const char* kRules = R"(groups:
- name: first
  rules:
  - {record: job:up:sum, expr: sum by (job) (up)}
- name: second
  rules:
  - alert: Down
    expr: up == 0
    for: 2m
    labels: {severity: page}
    annotations: {summary: '{{ $labels.job }} in {{ $externalLabels.region }}'}
)";

UnitTestOptions options(const char* rules = kRules) {
    UnitTestOptions made;
    made.load =
        [rules](const std::string& pattern) -> Result<std::vector<std::pair<std::string, Node>>> {
        std::vector<std::pair<std::string, Node>> files;
        if (pattern != "rules.yaml") return files;
        auto root = config::parse_yaml(rules, pattern);
        if (!root) return std::unexpected(root.error());
        files.emplace_back(pattern, std::move(*root));
        return files;
    };
    return made;
}

/// "passed", the first failure, or `error: ...`.
std::string run(std::string_view text, const UnitTestOptions& with = options()) {
    const auto root = config::parse_yaml(text, "t.yaml");
    if (!root) return "error: " + root.error().to_string();
    const auto report = run_unit_tests(*root, with);
    if (!report) return "error: " + report.error().front().to_string();
    for (const auto& group : report->groups) {
        if (!group.failures.empty()) return group.failures.front();
    }
    return report->passed() ? "passed" : "failed without a word";
}

std::string with_series(std::string_view tests, std::string_view values = "1 1 0x10") {
    return std::string(R"(rule_files: [rules.yaml]
tests:
- interval: 1m
  name: one
  external_labels: {region: eu}
  input_series:
  - series: up{job="api"}
    values: )") +
           std::string(values) + "\n" + std::string(tests);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(unit_tests_of_rules)

BOOST_AUTO_TEST_CASE(what_is_as_expected_passes) {
    BOOST_TEST(run(with_series(R"(  alert_rule_test:
  - {eval_time: 3m, alertname: Down}
  - eval_time: 4m
    alertname: Down
    exp_alerts:
    - exp_labels: {severity: page, job: api}
      exp_annotations: {summary: api in eu}
  promql_expr_test:
  - expr: job:up:sum
    eval_time: 1m
    exp_samples: [{labels: 'job:up:sum{job="api"}', value: 1}]
  - {expr: nothing, eval_time: 1m}
)")) == "passed");
}

BOOST_AUTO_TEST_CASE(an_alert_that_differs_is_shown_as_promtool_shows_it) {
    BOOST_TEST(run(with_series(R"(  alert_rule_test:
  - eval_time: 4m
    alertname: Down
    exp_alerts:
    - exp_labels: {severity: page, job: web}
)")) == R"(    name: one,
    alertname: Down, time: 4m, 
        exp:[
            0:
              Labels:{alertname="Down", job="web", severity="page"}
              Annotations:{}
            ], 
        got:[
            0:
              Labels:{alertname="Down", job="api", severity="page"}
              Annotations:{summary="api in eu"}
            ])");
}

BOOST_AUTO_TEST_CASE(a_sample_that_differs_is_shown_as_promtool_shows_it) {
    BOOST_TEST(run(with_series(R"(  promql_expr_test:
  - expr: up
    eval_time: 1m
    exp_samples: [{labels: 'up{job="api"}', value: 2.5}]
)")) == R"(    expr: "up", time: 1m,
        exp: {__name__="up", job="api"} 2.5E+00
        got: {__name__="up", job="api"} 1E+00)");
    BOOST_TEST(run(with_series(R"(  promql_expr_test:
  - {expr: up, eval_time: 1m}
)")) == R"(    expr: "up", time: 1m,
        exp: nil
        got: {__name__="up", job="api"} 1E+00)");
}

BOOST_AUTO_TEST_CASE(nan_is_never_as_expected_but_fuzzily) {
    const std::string test = with_series(R"(  promql_expr_test:
  - expr: 0 / 0
    eval_time: 0
    exp_samples: [{value: .nan}]
)");
    BOOST_TEST(run(test) != "passed");
    BOOST_TEST(run("fuzzy_compare: true\n" + test) == "passed");
}

BOOST_AUTO_TEST_CASE(fuzzy_is_one_step_of_a_double) {
    const auto test = [](const char* value) {
        return std::string("fuzzy_compare: true\n") +
               with_series(
                   "  promql_expr_test:\n  - {expr: up, eval_time: 0, exp_samples: "
                   "[{labels: 'up{job=\"api\"}', value: 3}]}\n",
                   value);
    };
    BOOST_TEST(run(test("2.9999999999999996")) == "passed");
    BOOST_TEST(run(test("2.9999999999999987")) != "passed");
}

BOOST_AUTO_TEST_CASE(an_expression_sees_the_samples_up_to_the_last_evaluation) {
    BOOST_TEST(run(R"(tests:
- interval: 10s
  input_series: [{series: x, values: 0+1x20}]
  promql_expr_test:
  - expr: x
    eval_time: 90s
    exp_samples: [{labels: x, value: 6}]
)") == "passed");
}

BOOST_AUTO_TEST_CASE(stale_and_missing_values_are_given) {
    BOOST_TEST(run(R"(tests:
- interval: 1m
  input_series: [{series: x, values: 1 _ stale 4}]
  promql_expr_test:
  - {expr: x, eval_time: 1m, exp_samples: [{labels: x, value: 1}]}
  - {expr: x, eval_time: 2m}
  - {expr: x, eval_time: 3m, exp_samples: [{labels: x, value: 4}]}
)") == "passed");
}

BOOST_AUTO_TEST_CASE(groups_run_in_the_order_asked_for) {
    const char* kTwo = R"(groups:
- name: reader
  rules: [{record: second, expr: first + 1}]
- name: writer
  rules: [{record: first, expr: vector(time())}]
)";
    const std::string tests = R"(rule_files: [rules.yaml]
tests:
- interval: 1m
  promql_expr_test:
  - {expr: second, eval_time: 1m, exp_samples: [{labels: second, value: VALUE}]}
)";
    const auto expecting = [&](const char* value) {
        std::string text = tests;
        return text.replace(text.find("VALUE"), 5, value);
    };
    BOOST_TEST(run(expecting("1"), options(kTwo)) == "passed");
    BOOST_TEST(run("group_eval_order: [writer, reader]\n" + expecting("61"), options(kTwo)) ==
               "passed");
    BOOST_TEST(run("group_eval_order: [a, a]\n" + expecting("61"), options(kTwo)) ==
               "error: t.yaml:1:19: group name repeated in evaluation order: a");
}

BOOST_AUTO_TEST_CASE(a_rule_that_fails_ends_the_test) {
    const std::string failure =
        run(R"(rule_files: [rules.yaml]
tests:
- interval: 1m
  input_series:
  - {series: 'a{x="1"}', values: 1}
  - {series: 'a{x="2"}', values: 1}
  promql_expr_test: [{expr: a, eval_time: 0}]
)",
            options("groups: [{name: g, rules: [{record: r, expr: a * on () a}]}]"));
    BOOST_TEST(failure.starts_with(
                   "    rule: r, time: 0s, err: found duplicate series for the match group {}"),
               failure);
}

BOOST_AUTO_TEST_CASE(the_generation_decides_what_a_range_holds) {
    const std::string test = R"(tests:
- interval: 1m
  input_series: [{series: x, values: 1x10}]
  promql_expr_test:
  - {expr: 'count_over_time(x[2m])', eval_time: 5m, exp_samples: [{value: 2}]}
)";
    BOOST_TEST(run(test) == "passed");
    UnitTestOptions older = options();
    older.compatibility = Compatibility::prometheus2;
    BOOST_TEST(run(test, older) != "passed");
}

BOOST_AUTO_TEST_CASE(time_may_start_elsewhere) {
    for (const char* start : {"1700000000", "2023-11-14T22:13:20Z"}) {
        BOOST_TEST(run(std::string("tests:\n- interval: 1m\n  start_timestamp: ") + start + R"(
  input_series: [{series: x, values: 1x10}]
  promql_expr_test:
  - {expr: time() + x * 0, eval_time: 1m, exp_samples: [{value: 1700000060}]}
)") == "passed");
    }
}

BOOST_AUTO_TEST_CASE(only_selected_groups_run) {
    UnitTestOptions some = options();
    some.selected = [](const std::string& name) { return name == "other"; };
    BOOST_TEST(run(with_series("  promql_expr_test: [{expr: up, eval_time: 0}]\n"), some) ==
               "passed");
}

BOOST_AUTO_TEST_CASE(mistakes_of_the_file_have_a_place) {
    BOOST_TEST(run("tests: [{intervall: 1m}]\n") ==
               "error: t.yaml:1:10: unknown key \"intervall\", did you mean \"interval\"?");
    BOOST_TEST(run("tests: [{alert_rule_test: [{eval_time: 1m}]}]\n") ==
               "error: t.yaml:1:28: an item under alert_rule_test misses required attribute "
               "alertname at eval_time 1m");
    BOOST_TEST(run("tests: [{promql_expr_test: [{exp_samples: [{value: NaN}]}]}]\n") ==
               "error: t.yaml:1:52: \"value\" must be a number, not \"NaN\"");
    BOOST_TEST(run("tests: [{promql_expr_test: [{exp_samples: [{value: \"5\"}]}]}]\n") ==
               "error: t.yaml:1:52: \"value\" must be a number, not \"5\"");
    BOOST_TEST(run("tests: [{input_series: [{values: 1}]}]\n") ==
               "error: t.yaml:1:25: an input series needs \"series\"");
    BOOST_TEST(run("tests: [{input_series: [{series: 'a{', values: 1}]}]\n")
                   .starts_with("error: t.yaml:1:34: "));
    BOOST_TEST(run("tests: [{input_series: [{series: a, values: 1xx}]}]\n")
                   .starts_with("error: t.yaml:1:45: "));
    BOOST_TEST(run("evaluation_interval: 1\n").starts_with("error: t.yaml:1:22: "));
}

BOOST_AUTO_TEST_CASE(nothing_in_a_list_is_left_out) {
    BOOST_TEST(run("tests: [~, {input_series: [~], promql_expr_test: [~]}]\n") == "passed");
    BOOST_TEST(run("tests: [{promql_expr_test: [{exp_samples: [{value: 1e999}]}]}]\n") ==
               "error: t.yaml:1:52: \"value\" must be a number, not \"1e999\"");
    BOOST_TEST(run("tests: [{input_series: [{series: '{}', values: 1}]}]\n") ==
               "error: t.yaml:1:34: an input series needs a name or a label");
}

BOOST_AUTO_TEST_CASE(keys_of_other_tools_can_be_let_pass_in_rule_files_only) {
    UnitTestOptions lax = options("owner: me\ngroups: []\n");
    const char* test = "rule_files: [rules.yaml]\ntests: [{}]\n";
    BOOST_TEST(run(test, lax).starts_with("error: rules.yaml:1:1: unknown key"));
    lax.ignore_unknown_keys = true;
    BOOST_TEST(run(test, lax) == "passed");
    BOOST_TEST(run("owner: me\ntests: []\n", lax).starts_with("error: t.yaml:1:1: unknown key"));
}

BOOST_AUTO_TEST_CASE(every_sample_can_be_written_down) {
    const auto root = config::parse_yaml(
        with_series("  promql_expr_test: [{expr: up, eval_time: 1m}]\n", "1 0.5"), "t.yaml");
    UnitTestOptions debugged = options();
    debugged.dump_samples = true;
    const auto report = run_unit_tests(*root, debugged);
    BOOST_REQUIRE(report);
    BOOST_TEST(report->groups.at(0).samples ==
               "job:up:sum{job=\"api\"} =>\n1 @[0]\n0.5 @[60000]\n"
               "up{job=\"api\"} =>\n1 @[0]\n0.5 @[60000]\n");
}

BOOST_AUTO_TEST_CASE(mistakes_of_rule_files_are_told) {
    BOOST_TEST(run("rule_files: [rules.yaml]\ntests: [{}]\n", options("groups: [{}]")) ==
               "error: rules.yaml:1:10: Groupname must not be empty");
}

BOOST_AUTO_TEST_CASE(a_pattern_without_files_is_a_warning) {
    const auto root = config::parse_yaml("rule_files: [nope*.yaml]\ntests: []\n", "t.yaml");
    const auto report = run_unit_tests(*root, options());
    BOOST_REQUIRE(report);
    BOOST_REQUIRE_EQUAL(report->warnings.size(), 1U);
    BOOST_TEST(report->warnings[0] == "no file match pattern nope*.yaml");
}

/// `1m up: firing`, for each alert that the watch was told of.
std::string watched(const std::string& text, rules::UnitTestWatch watch,
                    std::vector<std::string> failures = {}) {
    const auto root = config::parse_yaml(text, "t.yaml");
    BOOST_REQUIRE(root.has_value());
    std::string told;
    UnitTestOptions with = options();
    with.more_test_keys = {"mine"};
    with.watch = [&](const rules::WatchedTest& test) {
        BOOST_TEST(test.node.find("mine") != nullptr);
        BOOST_TEST(test.external_labels.get("region") == "eu");
        watch.evaluated = [&told, start = test.start](WallTime now, std::vector<Alert> changed) {
            for (const Alert& alert : changed) {
                told += format_duration(now - start) + " ";
                told += std::string(to_string(alert.state)) + "; ";
            }
        };
        watch.ended = [&failures](rules::UnitTestResult& result) { result.failures = failures; };
        return watch;
    };
    const auto report = run_unit_tests(*root, with);
    BOOST_REQUIRE(report.has_value());
    BOOST_TEST(report->passed() == failures.empty());
    return told;
}

BOOST_AUTO_TEST_CASE(a_watch_sees_every_change_for_as_long_as_it_wants) {
    const std::string text = with_series("  mine: 1\n", "1 0 0 0 0 1 1 0 0 0");
    BOOST_TEST(watched(text, {std::chrono::minutes(6), {}, {}}) ==
               "1m pending; 3m firing; 5m resolved; ");
    BOOST_TEST(watched(text, {std::chrono::minutes(2), {}, {}}) == "1m pending; ");
}

BOOST_AUTO_TEST_CASE(a_watch_can_fail_a_test) {
    const std::string text = with_series("  mine: 1\n");
    BOOST_TEST(watched(text, {}, {"    no"}).empty());
}

BOOST_AUTO_TEST_CASE(keys_of_a_watch_are_unknown_without_it) {
    BOOST_TEST(run(with_series("  mine: 1\n")).starts_with("error: t.yaml:"));
}

BOOST_AUTO_TEST_CASE(an_expected_empty_label_matches_no_alert) {
    BOOST_TEST(run(with_series(R"(  alert_rule_test:
  - eval_time: 4m
    alertname: Down
    exp_alerts:
    - exp_labels: {severity: page, job: api, gone: ''}
      exp_annotations: {summary: api in eu}
)")) != "passed");
}

BOOST_AUTO_TEST_CASE(an_annotation_that_is_empty_is_expected_to_be_there) {
    constexpr const char* kEmpty = R"(groups:
- name: g
  rules:
  - {alert: Down, expr: up == 0, annotations: {a: '', b: '{{ if false }}x{{ end }}'}}
)";
    const auto tested = [&](const std::string& annotations) {
        return run(R"(rule_files: [rules.yaml]
tests:
- input_series: [{series: up, values: '0'}]
  alert_rule_test:
  - {eval_time: 0m, alertname: Down, exp_alerts: [{exp_annotations: )" +
                       annotations + "}]}\n",
                   options(kEmpty));
    };
    BOOST_TEST(tested("{a: '', b: ''}") == "passed");
    BOOST_TEST(tested("{}") != "passed");
    BOOST_TEST(tested("{a: ''}") != "passed");
}

BOOST_AUTO_TEST_SUITE_END()

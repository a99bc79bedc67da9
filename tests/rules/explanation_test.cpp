#include "rules/explanation.h"

#include <boost/test/unit_test.hpp>

#include "core/sample.h"
#include "tests/rules/policies.h"
#include "tests/rules/world.h"

using namespace std::chrono_literals;
using namespace pilotlight;
using rules::at;
using rules::ExplainQuery;
using rules::Explanation;
using rules::Waiting;
using rules::with;
using rules::World;

namespace {

constexpr const char* kRatio = R"(groups:
- name: g
  interval: 15s
  rules:
  - alert: Errors
    expr: |
      sum by (target) (errors)
        / sum by (target) (requests) > 0.1
    for: 1m
    labels: {severity: page}
)";
constexpr const char* kUpA = R"(up{target="a"})";

Explanation explain(const World& world, double seconds, Labels labels = {},
                    const std::string& name = "Errors") {
    ExplainQuery query;
    query.name = name;
    query.labels = std::move(labels);
    auto all = world.engine.inquire(query, at(seconds));
    BOOST_REQUIRE_EQUAL(all.size(), 1U);
    return rules::explain(std::move(all[0]), {world.store, world.store});
}

/// `DEPTH EXPR = VALUES | NOTE` a line.
std::string shown(const std::vector<rules::Step>& steps) {
    std::string out;
    for (const auto& step : steps) {
        out += std::to_string(step.depth) + " " + step.text + " =";
        for (const auto& row : step.rows)
            out += " " + row.labels.to_string() + row.value;
        if (step.row_count > step.rows.size()) out += " of " + std::to_string(step.row_count);
        if (!step.note.empty()) out += " | " + step.note;
        out += "\n";
    }
    return out;
}

void arrive(World& world, double second, double errors_a) {
    world.arrive(second, {{kUpA, 1},
                          {R"(errors{target="a"})", errors_a},
                          {R"(errors{target="b"})", 1},
                          {R"(requests{target="a"})", 10},
                          {R"(requests{target="b"})", 100}});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(explanation)

BOOST_AUTO_TEST_CASE(each_step_has_the_value_for_the_alerts_row) {
    World world(kRatio);
    arrive(world, 1, 5);
    const auto rule = explain(world, 3);
    BOOST_REQUIRE_EQUAL(rule.alerts.size(), 1U);
    BOOST_TEST(shown(rule.alerts[0].steps) ==
               "0 sum by (target) (errors) / sum by (target) (requests) > 0.1 = "
               "{target=\"a\"}0.5\n"
               "1 sum by (target) (errors) / sum by (target) (requests) = {target=\"a\"}0.5\n"
               "2 sum by (target) (errors) = {target=\"a\"}5\n"
               "3 errors = errors{target=\"a\"}5\n"
               "2 sum by (target) (requests) = {target=\"a\"}10\n"
               "3 requests = requests{target=\"a\"}10\n");
    BOOST_CHECK(rule.alerts[0].steps[3].rows[0].age == 2s);
    BOOST_CHECK(rule.alerts[0].fires_at == at(61));
    BOOST_TEST(rule.alerts[0].condition_holds);
    BOOST_TEST(rule.group == "g");
    BOOST_TEST(rule.line == 5);
    BOOST_TEST(rule.health == "ok");
}

BOOST_AUTO_TEST_CASE(an_inactive_alert_is_explained_too) {
    World world(kRatio);
    arrive(world, 1, 0);
    const auto rule = explain(world, 3, Labels{{"target", "b"}, {"severity", "page"}});
    BOOST_TEST(rule.alerts.empty());
    BOOST_REQUIRE_EQUAL(rule.steps.size(), 6U);
    BOOST_TEST(shown({rule.steps[0], rule.steps[1]}) ==
               "0 sum by (target) (errors) / sum by (target) (requests) > 0.1 =\n"
               "1 sum by (target) (errors) / sum by (target) (requests) = {target=\"b\"}0.01\n");
}

BOOST_AUTO_TEST_CASE(a_selector_without_series_says_so_and_names_the_nearest) {
    World world(kRatio);
    world.arrive(1, {{R"(request{target="a"})", 1}, {R"(errors{target="a"})", 1}});
    const auto rule = explain(world, 3);
    BOOST_TEST(rule.steps.back().note ==
               "no series match requests; no metric requests is known, did you mean request?");
    World other(R"(groups:
- name: g
  rules: [{alert: Errors, expr: 'errors{code=~"5.."} > 0'}]
)");
    other.arrive(1, {{R"(errors{target="a"})", 1}});
    BOOST_TEST(explain(other, 3).steps.back().note ==
               "no series match errors{code=~\"5..\"}; there are series of errors, but with other "
               "labels");
}

BOOST_AUTO_TEST_CASE(series_that_are_there_but_too_old_are_told) {
    World world(kRatio);
    arrive(world, 1, 0);
    const auto rule = explain(world, 601);
    BOOST_TEST(rule.steps.back().note ==
               "2 series, none with a valid sample: the newest is 10m old");
}

BOOST_AUTO_TEST_CASE(ranges_tell_how_many_samples_they_hold) {
    World world(R"(groups:
- name: g
  rules: [{alert: Errors, expr: 'increase(errors[1m]) > 5'}]
)");
    world.store.set_retention(world.engine.retention());
    world.arrive(1, {{R"(errors{target="a"})", 3}});
    world.arrive(16, {{R"(errors{target="a"})", 9}});
    const auto rule = explain(world, 20);
    BOOST_REQUIRE_EQUAL(rule.alerts.size(), 1U);
    BOOST_TEST(rule.alerts[0].steps[2].rows[0].value == "2 samples, 3 to 9");
}

BOOST_AUTO_TEST_CASE(a_step_that_fails_says_why) {
    World world(R"(groups:
- name: g
  rules: [{alert: Errors, expr: errors / on (job) requests > 0}]
)");
    world.arrive(1, {{R"(errors{job="j"})", 1},
                     {R"(requests{job="j", n="1"})", 1},
                     {R"(requests{job="j", n="2"})", 1}});
    const auto rule = explain(world, 3);
    BOOST_TEST(rule.health == "err");
    BOOST_TEST(rule.steps[0].note == rule.last_error);
    BOOST_TEST(rule.steps[2].note == "");
}

BOOST_AUTO_TEST_CASE(what_an_alert_waits_for_is_told) {
    World world(R"(groups:
- name: g
  interval: 15s
  rules:
  - {alert: Errors, expr: errors > 5, keep_firing_for: 60s}
)",
                with({rules::resolve_when("errors < 2")}));
    const char* kErrorsA = R"(errors{target="a"})";
    world.arrive(1, {{kUpA, 1}, {kErrorsA, 9}});
    world.arrive(16, {{kUpA, 1}, {kErrorsA, 4}});
    const auto held = explain(world, 17).alerts.at(0);
    BOOST_CHECK(held.waiting == Waiting::resolve_when);
    BOOST_TEST(held.policies.resolve_when == "errors < 2");
    BOOST_TEST(shown(held.end_steps) == "0 errors < 2 =\n1 errors = errors{target=\"a\"}4\n");
    world.arrive(31, {{kUpA, 1}, {kErrorsA, 1}});
    const auto kept = explain(world, 32).alerts.at(0);
    BOOST_CHECK(kept.waiting == Waiting::keep_firing_for);
    BOOST_CHECK(kept.kept_until == at(91));
    world.arrive(46, {{kUpA, 1}, {kErrorsA, 9}});
    world.arrive(61, {{kUpA, 0}, {kErrorsA, stale_marker()}});
    const auto blind = explain(world, 62).alerts.at(0);
    BOOST_CHECK(blind.waiting == Waiting::data);
    BOOST_TEST(blind.silent_targets == std::vector<std::string>{"a"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(many_rows_and_alerts_are_counted_not_shown) {
    World world(R"(groups:
- name: g
  rules: [{alert: Errors, expr: errors > 0}]
)");
    std::map<std::string, double> samples;
    for (int i = 0; i < 30; ++i)
        samples["errors{n=\"" + std::to_string(i) + "\"}"] = 1;
    world.arrive(1, samples);
    const auto rule = explain(world, 2);
    BOOST_TEST(rule.alert_count == 30U);
    BOOST_TEST(rule.alerts.size() == ExplainQuery::kAlertsMax);
    const auto none = explain(world, 2, Labels{{"job", "x"}});
    BOOST_TEST(none.steps[1].row_count == 30U);
    BOOST_TEST(none.steps[1].rows.size() == rules::Step::kRowsMax);
}

BOOST_AUTO_TEST_CASE(an_evaluation_that_takes_too_long_is_ended) {
    World world(kRatio);
    arrive(world, 1, 5);
    ExplainQuery query;
    query.name = "Errors";
    query.samples_per_step = 1;
    const auto rule =
        rules::explain(world.engine.inquire(query, at(3)).at(0), {world.store, world.store});
    BOOST_TEST(!rule.alerts.at(0).steps.at(0).note.empty());
}

BOOST_AUTO_TEST_CASE(names_that_no_rule_has_give_nothing) {
    World world(kRatio);
    ExplainQuery query;
    query.name = "Erors";
    BOOST_TEST(world.engine.inquire(query, at(3)).empty());
    BOOST_TEST(world.engine.nearest_alert("Erors") == "Errors");
    BOOST_TEST(world.engine.nearest_alert("Something else") == "");
}

BOOST_AUTO_TEST_CASE(rules_without_series_are_counted_once_evaluated) {
    World world("groups: []");
    world.reload(1, kRatio);
    BOOST_TEST(world.engine.unmatched_count() == 0U);
    world.run_until(20);
    BOOST_TEST(world.engine.unmatched_count() == 1U);
    arrive(world, 21, 0);
    world.run_until(60);
    BOOST_TEST(world.engine.unmatched_count() == 0U);
}

BOOST_AUTO_TEST_CASE(warnings_of_the_last_evaluation_are_kept) {
    World world(R"(groups:
- name: g
  rules: [{alert: Errors, expr: 'histogram_quantile(0.9, errors) > 0'}]
)");
    world.arrive(1, {{R"(errors{target="a"})", 1}});
    const auto rule = explain(world, 2);
    BOOST_REQUIRE_EQUAL(rule.warnings.size(), 1U);
    BOOST_TEST(rule.warnings[0].find("le") != std::string::npos);
    BOOST_TEST(world.engine.groups()[0].rules[0].warnings.size() == 1U);
    BOOST_TEST(rule.health == "ok");
}

BOOST_AUTO_TEST_CASE(copies_of_what_it_reads_give_the_same_steps) {
    World world(kRatio);
    arrive(world, 1, 5);
    ExplainQuery query;
    query.name = "Errors";
    auto inquiry = world.engine.inquire(query, at(3)).at(0);
    series::Store copies({.series_limit = 100, .retention = {}});
    for (const auto& matchers : inquiry.reads()) {
        for (const auto* series : world.store.select(matchers))
            (void)copies.adopt(series->copy(WallTime::min(), WallTime::max()));
    }
    BOOST_TEST(copies.series() == 4U);
    const auto live = shown(explain(world, 3).alerts.at(0).steps);
    // What arrives meanwhile is not looked at.
    arrive(world, 2, 9);
    const auto copied = rules::explain(std::move(inquiry), {copies, copies});
    BOOST_TEST(shown(copied.alerts.at(0).steps) == live);
}

BOOST_AUTO_TEST_CASE(an_end_is_told_by_its_steps) {
    World world(kRatio);
    arrive(world, 1, 5);
    ExplainQuery query;
    query.name = "Errors";
    auto inquiry = world.engine.inquire(query, at(3)).at(0);
    const auto ended =
        rules::explain(std::move(inquiry), {world.store, world.store}, [] { return true; });
    BOOST_TEST(ended.alerts.at(0).steps.at(0).note == "the evaluation was interrupted");
}

BOOST_AUTO_TEST_SUITE_END()

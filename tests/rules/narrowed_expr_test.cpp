#include "rules/narrowed_expr.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "core/sample.h"
#include "rules/promql/evaluate.h"
#include "rules/promql/parser.h"
#include "tests/rules/world.h"

using namespace pilotlight;
using rules::at;
using rules::labels_of;
using rules::rests_on_one_target;

namespace {

std::shared_ptr<const promql::Expr> parsed(std::string_view text) {
    auto expr = promql::parse(text);
    BOOST_REQUIRE_MESSAGE(expr, text);
    return *expr;
}

const std::vector<const char*> kNarrow = {
    "up == 0",
    "rate(errors[5m]) > 0.1",
    "sum by (target, job) (rate(errors[5m])) / sum by (target, job) (rate(all[5m])) > 0.05",
    "(1 - avg without (cpu) (rate(cpu[5m]))) * 100 > 80",
    "up == 0 unless on (target, instance) up == 1",
    "up and ignoring (job) errors",
    "clamp_max(up + time() - 5, 3)",
    "label_replace(up, \"who\", \"$1\", \"job\", \"(.*)\")",
    "max_over_time(up[5m:1m])",
    "-up",
    "topk by (target) (1, errors)",
    "histogram_quantile(0.9, errors)",
    "up > bool 0",
};

const std::vector<const char*> kWide = {
    "sum(up) < 2",
    "sum by (job) (up)",
    "count without (target) (up)",
    "absent(up)",
    "up == scalar(all)",
    "up / on (job) group_left () all",
    "up unless on () all",
    "up and ignoring (target) all",
    "label_replace(up, \"target\", \"x\", \"\", \"\")",
    "vector(1)",
    "hour() > 5",
    "topk(3, errors)",
    "topk by (target) (scalar(up), errors)",
    "time()",
    "5",
};

std::vector<std::string> evaluated(const promql::Expr& expr, const series::Store& store,
                                   const char* target = nullptr) {
    promql::EvalOptions options;
    options.at = at(300);
    const auto only = Matcher::make("target", Matcher::Op::equal, target == nullptr ? "" : target);
    if (target != nullptr) options.only = &*only;
    const auto value = promql::evaluate(expr, store, options);
    BOOST_REQUIRE(value);
    std::vector<std::string> rows;
    for (const auto& row : std::get<promql::Vector>(*value))
        rows.push_back(row.labels.to_string() + ' ' + format_value(row.value));
    std::ranges::sort(rows);
    return rows;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(narrowed_expressions)

BOOST_AUTO_TEST_CASE(only_those_whose_rows_rest_on_one_target_are_narrowed) {
    for (const char* text : kNarrow)
        BOOST_TEST(rests_on_one_target(*parsed(text)), text);
    for (const char* text : kWide)
        BOOST_TEST(!rests_on_one_target(*parsed(text)), text);
}

BOOST_AUTO_TEST_CASE(all_targets_together_give_what_the_whole_expression_gives) {
    series::Store store({.series_limit = 1000, .retention = series::Retention::forever()});
    for (const char* target : {"a", "b", "c"}) {
        for (const char* name : {"up", "errors", "all", "cpu"}) {
            for (const char* job : {"x", "y"}) {
                const Labels labels{{kMetricName, name}, {"target", target},   {"job", job},
                                    {"cpu", job},        {"instance", target}, {"le", "1"}};
                for (int i = 0; i <= 20; ++i) {
                    const double value =
                        name[0] == 'u' ? (i + target[0]) % 2 : i * (target[0] - 90);
                    store.append(labels, at(i * 15), value);
                }
            }
        }
    }
    for (const char* text : kNarrow) {
        const auto whole = parsed(text);
        std::vector<std::string> together;
        for (const char* target : {"a", "b", "c"}) {
            for (const auto& row : evaluated(*whole, store, target))
                together.push_back(row);
        }
        std::ranges::sort(together);
        BOOST_TEST(together == evaluated(*whole, store), boost::test_tools::per_element());
        BOOST_TEST(evaluated(*whole, store, "none").empty());
    }
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

constexpr const char* kRules = R"(groups:
- name: g
  interval: 1h
  rules:
  - {record: down, expr: up == 0}
  - {alert: Down, expr: down}
  - {alert: AllDown, expr: 'count(up == 0) > 1'}
)";

/// Appends without telling the engine, then tells it of one target's batch only.
rules::Evaluation batch(rules::World& world, double seconds, const char* target, double value) {
    SampleBatch made;
    made.at = at(seconds);
    const std::string series = std::string("up{target=\"") + target + "\"}";
    made.samples.push_back({labels_of(series), value});
    world.store.append(made);
    return world.engine.on_arrival(made, made.at);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(news_of_one_target)

BOOST_AUTO_TEST_CASE(changes_its_own_alerts_only) {
    rules::World world(kRules);
    batch(world, 1, "a", 0);
    batch(world, 1, "b", 0);
    BOOST_TEST(world.alerts() ==
               R"(AllDown{}=firing; Down{target="a"}=firing; Down{target="b"}=firing)");
    // Nobody says that b is well again: the news is of a.
    world.store.append(labels_of("up{target=\"b\"}"), at(2), 1);
    batch(world, 3, "a", 0);
    BOOST_TEST(world.alerts() == R"(Down{target="a"}=firing; Down{target="b"}=firing)");
    batch(world, 4, "a", 1);
    BOOST_TEST(world.alerts() == R"(Down{target="b"}=firing)");
    batch(world, 5, "b", 1);
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(ends_its_own_series_only) {
    rules::World world(kRules);
    batch(world, 1, "a", 0);
    batch(world, 2, "b", 0);
    const auto ended = batch(world, 3, "a", 1);
    for (const auto& sample : ended.recorded) {
        const std::string_view target = sample.labels.get("target");
        if (is_stale(sample.value)) BOOST_TEST((target == "a" || target.empty()));
    }
    std::vector<std::string> live;
    for (const auto* series : world.store.select({})) {
        if (!is_stale(series->newest().value)) live.push_back(series->labels().to_string());
    }
    std::ranges::sort(live);
    BOOST_TEST(live.size() == 5U);
    BOOST_TEST(std::ranges::count(live, R"(down{target="b"})") == 1);
}

BOOST_AUTO_TEST_CASE(is_judged_for_all_where_a_rule_between_looks_at_all) {
    rules::World world(R"(groups:
- name: g
  interval: 1h
  rules:
  - {record: share, expr: 'load / scalar(sum(load))'}
  - {alert: Half, expr: share > 0.5}
)");
    const auto load = [&](double seconds, const char* target, double value) {
        SampleBatch made;
        made.at = at(seconds);
        made.samples.push_back({labels_of(std::string("load{target=\"") + target + "\"}"), value});
        world.store.append(made);
        world.engine.on_arrival(made, made.at);
    };
    load(1, "a", 6);
    load(2, "b", 4);
    BOOST_TEST(world.alerts() == R"(Half{target="a"}=firing)");
    // News of b changes a's share.
    load(3, "b", 20);
    BOOST_TEST(world.alerts() == R"(Half{target="b"}=firing)");
}

BOOST_AUTO_TEST_CASE(of_several_targets_is_news_of_all) {
    rules::World world(kRules);
    SampleBatch both;
    both.at = at(1);
    both.samples = {{labels_of("up{target=\"a\"}"), 0}, {labels_of("up{target=\"b\"}"), 0}};
    world.store.append(both);
    world.engine.on_arrival(both, both.at);
    BOOST_TEST(world.alerts() ==
               R"(AllDown{}=firing; Down{target="a"}=firing; Down{target="b"}=firing)");
}

BOOST_AUTO_TEST_CASE(a_failure_of_one_target_is_not_forgotten_by_anothers_success) {
    rules::World world(R"(groups:
- name: g
  interval: 1h
  rules:
  - {alert: Same, expr: up == 0, labels: {x: same, job: same}}
)");
    const auto arrive = [&](double seconds, const char* target, std::vector<const char*> jobs) {
        SampleBatch made;
        made.at = at(seconds);
        for (const char* job : jobs) {
            made.samples.push_back(
                {labels_of(std::string("up{target=\"") + target + "\",job=\"" + job + "\"}"), 0});
        }
        world.store.append(made);
        return world.engine.on_arrival(made, made.at);
    };
    BOOST_TEST(arrive(1, "a", {"x", "y"}).failed == 1U);
    BOOST_TEST(arrive(2, "b", {"x"}).failed == 0U);
    BOOST_TEST(world.engine.groups()[0].rules[0].health == "err");
    BOOST_TEST(world.alerts() == R"(Same{job="same", target="b", x="same"}=firing)");
}

BOOST_AUTO_TEST_CASE(counts_an_alert_that_goes_on_once) {
    rules::World world(R"(groups:
- name: g
  interval: 1h
  rules:
  - {alert: Down, expr: up == 0}
)",
                       {.alerts_per_rule = 2});
    batch(world, 1, "a", 0);
    batch(world, 2, "b", 0);
    for (const char* target : {"a", "b", "a"})
        BOOST_TEST(batch(world, 3, target, 0).failed == 0U);
    const auto third = batch(world, 4, "c", 0);
    BOOST_TEST(third.failed == 1U);
    BOOST_TEST(third.limits_reached.at("alerts_per_rule") == 1U);
    BOOST_TEST(world.engine.groups()[0].rules[0].last_error ==
               "3 alerts are more than alerts_per_rule allows (2)");
    BOOST_TEST(batch(world, 5, "a", 1).failed == 0U);
    BOOST_TEST(batch(world, 6, "c", 0).failed == 0U);
    BOOST_TEST(world.alerts() == R"(Down{target="b"}=firing; Down{target="c"}=firing)");
}

BOOST_AUTO_TEST_CASE(ends_its_own_timer_only) {
    rules::World world(R"(groups:
- name: g
  interval: 1h
  rules:
  - {alert: Down, expr: up == 0, for: 10s}
)");
    batch(world, 1, "a", 0);
    batch(world, 3, "b", 0);
    BOOST_CHECK(world.engine.next_wakeup() == at(11));
    batch(world, 5, "a", 1);
    BOOST_CHECK(world.engine.next_wakeup() == at(13));
    batch(world, 6, "a", 0);
    BOOST_TEST(rules::shown(world.run_until(13)) == R"(Down{target="b"}=firing)");
    BOOST_CHECK(world.engine.next_wakeup() == at(16));
    BOOST_TEST(rules::shown(world.run_until(16)) == R"(Down{target="a"}=firing)");
}

BOOST_AUTO_TEST_SUITE_END()

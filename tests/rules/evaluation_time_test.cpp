#include <boost/test/unit_test.hpp>

#include "core/sample.h"
#include "tests/rules/policies.h"
#include "tests/rules/world.h"

using namespace std::chrono_literals;
using namespace pilotlight;
using rules::at;
using rules::EngineOptions;
using rules::World;

namespace {

constexpr const char* kDown = R"(groups:
- name: g
  interval: 1m
  rules:
  - alert: Down
    expr: up == 0
    annotations: {summary: '{{ $labels.target }} is down'}
)";
constexpr const char* kA = R"(up{target="a"})";
constexpr const char* kB = R"(up{target="b"})";
constexpr const char* kTooLong = "the evaluation took longer than rule_timeout allows (1s)";

/// Each question takes as long as `step` says.
struct SlowClock {
    Duration step{};
    /// And this one long.
    int long_one = 0;
    SteadyTime now{};
    int asked = 0;

    EngineOptions options(EngineOptions options = {}) {
        options.clocks.now = [this] {
            const bool is_long = ++asked == long_one;
            return now += is_long ? Duration(1min) : step;
        };
        return options;
    }
};

const rules::RuleView rule_of(const World& world, std::size_t number = 0) {
    return world.engine.groups().at(0).rules.at(number);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(evaluation_time)

BOOST_AUTO_TEST_CASE(a_rule_that_takes_too_long_fails_and_keeps_its_alerts) {
    SlowClock clock;
    World world(kDown, clock.options());
    world.arrive(1, {{kA, 0}});
    BOOST_TEST(world.alerts() == R"(Down{target="a"}=firing)");
    clock.step = 2s;
    const auto failed = world.arrive(2, {{kA, 1}});
    BOOST_TEST(failed.failed == 1U);
    BOOST_TEST(failed.changed.empty());
    BOOST_TEST(failed.limits_reached.at("rule_timeout") == 1U);
    BOOST_TEST(world.alerts() == R"(Down{target="a"}=firing)");
    BOOST_TEST(rule_of(world).last_error == kTooLong);
    BOOST_TEST(rule_of(world).health == "err");
}

BOOST_AUTO_TEST_CASE(the_evaluation_ends_soon_after_its_time) {
    SlowClock clock;
    World world(R"(groups:
- name: g
  rules:
  - {record: costly, expr: 'count({__name__=~".+"} unless {__name__=~".+"})'}
)",
                clock.options());
    for (int i = 0; i < 900; ++i)
        world.store.append(rules::labels_of("m{i=\"" + std::to_string(i) + "\"}"), at(1), 1);
    clock.step = 400ms;
    clock.asked = 0;
    world.tick(60);
    BOOST_TEST(rule_of(world).last_error == kTooLong);
    BOOST_TEST(clock.asked < 10);
}

BOOST_AUTO_TEST_CASE(a_text_that_takes_too_long_costs_no_alert) {
    SlowClock clock;
    World world(R"(groups:
- name: g
  interval: 1h
  rules:
  - alert: Down
    expr: up == 0
    annotations: {one: '{{ $value }}', two: '{{ $value }}'}
)",
                clock.options());
    clock.asked = 0;
    world.arrive(1, {{kA, 0}});
    // The last question is how long it took, the one before it the second annotation's.
    clock.long_one = clock.asked - 1;
    clock.asked = 0;
    const auto slow = world.arrive(2, {{kA, 0}});
    BOOST_TEST(slow.failed == 0U);
    BOOST_TEST(slow.limits_reached.at("rule_timeout") == 1U);
    BOOST_REQUIRE_EQUAL(slow.updated.size(), 1U);
    BOOST_TEST(slow.updated[0].annotations.get("one") == "0");
    BOOST_TEST(slow.updated[0].annotations.get("two") == "<error expanding template: too slow>");
}

BOOST_AUTO_TEST_CASE(an_alert_whose_labels_take_too_long_is_not_made_with_half_of_them) {
    SlowClock clock;
    World world(R"(groups:
- name: g
  rules:
  - {alert: Down, expr: up == 0, labels: {why: '{{ $value }}'}}
)",
                clock.options());
    clock.asked = 0;
    world.arrive(1, {{kA, 0}});
    clock.long_one = clock.asked - 1;
    clock.asked = 0;
    BOOST_TEST(world.arrive(2, {{kA, 0}}).failed == 1U);
    BOOST_TEST(rule_of(world).last_error == kTooLong);
    BOOST_TEST(world.alerts() == R"(Down{target="a", why="0"}=firing)");
}

BOOST_AUTO_TEST_CASE(without_a_clock_nothing_takes_too_long) {
    World world(kDown, {.rule_timeout = 1ms});
    BOOST_TEST(world.arrive(1, {{kA, 0}}).failed == 0U);
    BOOST_TEST(rule_of(world).evaluation_time.count() == 0);
}

BOOST_AUTO_TEST_CASE(it_is_told_how_long_a_rule_took) {
    SlowClock clock;
    World world(kDown, clock.options());
    clock.step = 7ms;
    clock.asked = 0;
    world.arrive(1, {{kA, 1}});
    // The last question is how long it took.
    BOOST_TEST(rule_of(world).evaluation_time.count() == 0.007 * (clock.asked - 1));
    BOOST_CHECK(rule_of(world).last_evaluation == at(1));
}

BOOST_AUTO_TEST_CASE(a_costly_rule_rests_and_then_sees_all_that_came) {
    SlowClock clock;
    World world(kDown, clock.options());
    clock.step = 40ms;
    world.arrive(1, {{kA, 1}});
    const auto took = rule_of(world).evaluation_time;
    BOOST_REQUIRE(took > 50ms);
    // Less than a second: it did not fail, but rests for nine times as long.
    clock.step = 0ms;
    BOOST_TEST(world.arrive(1.5, {{kA, 0}}).evaluated == 0U);
    BOOST_TEST(world.arrive(1.6, {{kB, 0}}).evaluated == 0U);
    const auto next = world.engine.next_wakeup();
    BOOST_REQUIRE(next);
    BOOST_CHECK(*next >= at(1) + std::chrono::ceil<Duration>(9 * took));
    BOOST_CHECK(*next < at(11));
    BOOST_TEST(rules::shown(world.run_until(11)) ==
               R"(Down{target="a"}=firing; Down{target="b"}=firing)");
    // It was quick: no rest any more.
    BOOST_TEST(world.arrive(11.1, {{kA, 1}}).evaluated == 1U);
}

BOOST_AUTO_TEST_CASE(a_look_at_all_targets_is_not_taken_for_the_news_of_each) {
    SlowClock clock;
    World world(R"(groups:
- name: g
  interval: 15s
  rules:
  - {alert: Most, expr: sum(up) < 1}
  - {alert: Down, expr: up == 0}
)",
                clock.options());
    const auto state = [&](const char* name) {
        return world.alerts().find(name) != std::string::npos;
    };
    clock.step = 1ms;
    world.arrive(1, {{kA, 1}});
    // Once is no habit: somebody else may have had the processor.
    BOOST_TEST(world.arrive(1.001, {{kA, 1}}).evaluated == 2U);
    // Each took some milliseconds. What rests on one target is judged at once nevertheless.
    clock.step = 0ms;
    const SampleBatch news{at(1.01), {{rules::labels_of(kA), 0}}, {}};
    world.store.append(news, 15s);
    BOOST_TEST(world.engine.on_arrival(news, at(1.01)).evaluated == 1U);
    BOOST_TEST(state("Down"));
    BOOST_TEST(!state("Most"));
    const auto next = world.engine.next_wakeup();
    BOOST_REQUIRE(next);
    BOOST_CHECK(*next > at(1.1));
    BOOST_CHECK(*next <= at(2.001));
    world.run_until(2.01);
    BOOST_TEST(state("Most"));
    // It takes no time any more, and follows at once.
    world.arrive(2.02, {{kA, 1}});
    BOOST_TEST(!state("Most"));
}

BOOST_AUTO_TEST_CASE(a_pause_puts_off_no_interval) {
    SlowClock clock;
    World world(R"(groups:
- name: g
  interval: 15s
  rules:
  - {record: all, expr: sum(up)}
)",
                clock.options());
    clock.step = 10ms;
    world.arrive(1, {{kA, 1}});
    const auto due = world.engine.next_wakeup();
    BOOST_REQUIRE(due);
    const double tick = std::chrono::duration<double>(due->time_since_epoch()).count();
    world.arrive(tick - 0.2, {{kA, 1}});
    BOOST_TEST(world.arrive(tick - 0.1, {{kA, 1}}).evaluated == 0U);
    BOOST_TEST(world.tick(tick).evaluated == 1U);
}

BOOST_AUTO_TEST_CASE(a_rule_that_took_too_long_rests_and_each_time_longer) {
    SlowClock clock;
    World world(kDown, clock.options());
    clock.step = 2s;
    BOOST_TEST(world.arrive(1, {{kA, 0}}).evaluated == 1U);
    BOOST_TEST(world.arrive(5, {{kA, 0}}).evaluated == 0U);
    BOOST_TEST(world.tick(10.9).evaluated == 0U);
    BOOST_CHECK(*world.engine.next_wakeup() > at(10.9));
    BOOST_TEST(world.tick(11).evaluated == 1U);
    BOOST_TEST(world.arrive(30.9, {{kA, 0}}).evaluated == 0U);
    BOOST_TEST(world.arrive(31, {{kA, 0}}).evaluated == 1U);
    BOOST_TEST(world.arrive(70.9, {{kA, 0}}).evaluated == 0U);
    // New rules have not taken long yet.
    world.reload(71, kDown);
    BOOST_TEST(world.arrive(72, {{kA, 0}}).evaluated == 1U);
}

BOOST_AUTO_TEST_CASE(a_machine_that_is_busy_makes_no_rule_fail) {
    SlowClock clock{.step = 10s};
    std::chrono::nanoseconds own{};
    EngineOptions options = clock.options();
    options.clocks.own = [&own] { return own += 1ms; };
    World world(kDown, options);
    BOOST_TEST(world.arrive(1, {{kA, 0}}).failed == 0U);
    BOOST_TEST(world.arrive(2, {{kA, 0}}).evaluated == 1U);
    options.clocks.own = [&own] { return own += 2s; };
    world.engine.set_options(options);
    BOOST_TEST(world.arrive(3, {{kA, 0}}).failed == 1U);
    BOOST_TEST(rule_of(world).last_error == kTooLong);
}

BOOST_AUTO_TEST_CASE(a_rule_that_always_takes_too_long_does_not_spin) {
    SlowClock clock{.step = 2s};
    World world(kDown, clock.options());
    std::size_t evaluated = 0;
    for (int i = 1; i <= 600; ++i) {
        evaluated += world.arrive(i, {{kA, 0}}).evaluated;
        evaluated += world.tick(i + 0.5).evaluated;
    }
    BOOST_TEST(evaluated >= 2U);
    BOOST_TEST(evaluated < 60U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(rule_troubles)

namespace {

constexpr const char* kWrong = R"(groups:
- name: g
  interval: 1h
  rules:
  - {alert: Wrong, expr: 'up * on (job) group_left () owner == 0'}
)";

std::string told(const rules::Evaluation& evaluation) {
    std::string out;
    for (const auto& trouble : evaluation.troubles)
        out += trouble.group + "/" + trouble.rule + ": " + trouble.error.substr(0, 22) + ";";
    return out;
}

void break_it(World& world, double seconds) {
    world.arrive(seconds, {{R"(up{job="x", target="a"})", 0}, {R"(owner{job="x", who="1"})", 1}});
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_failure_is_told_once_and_its_end_too) {
    World world(kWrong);
    break_it(world, 1);
    BOOST_TEST(told(world.arrive(2, {{R"(owner{job="x", who="2"})", 1}})) ==
               "g/Wrong: found duplicate series;");
    for (int i = 3; i < 60; ++i)
        BOOST_TEST(told(world.arrive(i, {{R"(up{job="x", target="a"})", 0}})) == "");
    BOOST_TEST(told(world.arrive(60, {{R"(owner{job="x", who="2"})", stale_marker()}})) ==
               "g/Wrong: ;");
    BOOST_TEST(told(world.arrive(61, {{R"(up{job="x", target="a"})", 0}})) == "");
}

BOOST_AUTO_TEST_CASE(a_rule_that_fails_now_and_then_is_told_of_four_times_a_minute) {
    World world(kWrong);
    break_it(world, 1);
    std::size_t lines = 0;
    for (int i = 0; i < 120; ++i) {
        const double value = i % 2 == 0 ? 1 : stale_marker();
        lines += world.arrive(2 + i * 0.5, {{R"(owner{job="x", who="2"})", value}}).troubles.size();
    }
    BOOST_TEST(lines >= 2U);
    BOOST_TEST(lines <= 5U);
}

BOOST_AUTO_TEST_CASE(a_reload_tells_nothing_anew) {
    World world(kWrong);
    break_it(world, 1);
    world.arrive(2, {{R"(owner{job="x", who="2"})", 1}});
    world.reload(30, kWrong);
    BOOST_TEST(told(world.tick(31)) == "");
}

BOOST_AUTO_TEST_SUITE_END()

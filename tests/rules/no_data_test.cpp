#include <boost/test/unit_test.hpp>

#include "core/sample.h"
#include "rules/engine.h"
#include "tests/rules/world.h"

using namespace std::chrono_literals;
using namespace pilotlight;
using rules::at;
using rules::shown;
using rules::World;

namespace {

const double kStale = stale_marker();

constexpr const char* kQueue = R"(groups:
- name: g
  interval: 15s
  rules:
  - {alert: Long, expr: queue > 5}
)";
constexpr const char* kQueueA = R"(queue{target="a"})";
constexpr const char* kUpA = R"(up{target="a"})";
constexpr const char* kLongA = R"(Long{target="a"}=firing)";

constexpr const char* kErrors = R"(groups:
- name: g
  interval: 15s
  rules:
  - alert: Errors
    expr: sum by (target) (errors) / sum by (target) (requests) > 0.05
)";

}  // namespace

/// What engine.h promises of rows that are gone.
BOOST_AUTO_TEST_SUITE(no_news)

BOOST_AUTO_TEST_CASE(a_series_that_ends_with_its_target_failing_resolves_nothing) {
    World world(kQueue);
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    world.arrive(16, {{kUpA, 0}, {kQueueA, kStale}});
    BOOST_TEST(world.alerts() == kLongA);
    BOOST_TEST(world.run_until(3600).empty());
    BOOST_TEST(world.alerts() == kLongA);
    // The news comes when it answers again.
    const auto ended = world.arrive(3601, {{kUpA, 1}, {kQueueA, 2}});
    BOOST_REQUIRE_EQUAL(ended.changed.size(), 1U);
    BOOST_CHECK(ended.changed[0].resolved_at == at(3601));
}

BOOST_AUTO_TEST_CASE(a_series_that_just_stops_resolves_nothing) {
    World world(kQueue);
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    BOOST_TEST(world.run_until(7200).empty());
    BOOST_TEST(world.alerts() == kLongA);
}

BOOST_AUTO_TEST_CASE(a_series_that_a_live_target_no_longer_brings_resolves_nothing) {
    World world(kQueue);
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    world.arrive(16, {{kUpA, 1}, {kQueueA, kStale}});
    BOOST_TEST(world.alerts() == kLongA);
}

BOOST_AUTO_TEST_CASE(a_removed_target_resolves) {
    World world(kQueue);
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    world.targets.erase("a");
    const auto gone = world.arrive(16, {{kUpA, kStale}, {kQueueA, kStale}});
    BOOST_REQUIRE_EQUAL(gone.changed.size(), 1U);
    BOOST_CHECK(gone.changed[0].state == AlertState::resolved);
}

BOOST_AUTO_TEST_CASE(a_removed_target_resolves_though_its_series_went_before) {
    World world(kQueue);
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    world.arrive(16, {{kUpA, 0}, {kQueueA, kStale}});
    world.targets.erase("a");
    world.engine.targets_changed(at(20));
    BOOST_CHECK(world.engine.next_wakeup() <= at(20));
    BOOST_TEST(world.run_until(20).size() == 1U);
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(a_part_that_a_live_target_no_longer_brings_is_a_zero) {
    World world(kErrors);
    world.arrive(1, {{kUpA, 1}, {R"(errors{target="a"})", 10}, {R"(requests{target="a"})", 100}});
    BOOST_TEST(world.alerts() == R"(Errors{target="a"}=firing)");
    // The application restarted, and has failed no request yet.
    world.arrive(16,
                 {{kUpA, 1}, {R"(errors{target="a"})", kStale}, {R"(requests{target="a"})", 5}});
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(a_part_that_comes_from_a_failing_target_is_no_news) {
    World world(R"(groups:
- name: g
  rules:
  - {alert: Slow, expr: 'sum by (service) (slow) / sum by (service) (all) > 0.5'}
)");
    const char* kUpB = R"(up{target="b"})";
    const char* kSlow = R"(slow{service="s", target="a"})";
    const char* kAll = R"(all{service="s", target="b"})";
    world.arrive(1, {{kUpA, 1}, {kUpB, 1}, {kSlow, 9}, {kAll, 10}});
    world.arrive(16, {{kUpA, 0}, {kUpB, 1}, {kSlow, kStale}, {kAll, 10}});
    BOOST_TEST(world.alerts() == R"(Slow{service="s"}=firing)");
}

BOOST_AUTO_TEST_CASE(absence_that_says_all_is_well_resolves) {
    World world(R"(groups:
- name: g
  rules:
  - {alert: Refused, expr: 'probe_failure_info{reason="refused"} == 1'}
)");
    const char* kSuccess = R"(probe_success{target="a"})";
    const char* kInfo = R"(probe_failure_info{reason="refused", target="a"})";
    world.arrive(1, {{kSuccess, 0}, {kInfo, 1}});
    BOOST_TEST(world.alerts() == R"(Refused{reason="refused", target="a"}=firing)");
    world.arrive(16, {{kSuccess, 1}, {kInfo, kStale}});
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(absent_alerts_end_when_the_series_comes) {
    World world(R"(groups:
- name: g
  rules:
  - {alert: Missing, expr: absent(queue)}
)");
    world.tick(0);
    BOOST_TEST(world.alerts() == "Missing{}=firing");
    world.arrive(1, {{kQueueA, 1}});
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(unless_ends_when_its_right_side_comes) {
    World world(R"(groups:
- name: g
  rules:
  - {alert: Long, expr: queue > 5 unless maintenance == 1}
)");
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    world.arrive(2, {{R"(maintenance{target="a"})", 1}});
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(what_rules_record_counts_as_what_it_is_made_from) {
    World world(R"(groups:
- name: g
  rules:
  - {record: queue:long, expr: queue > 5}
  - {alert: Long, expr: queue:long}
)");
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    BOOST_TEST(world.alerts() == kLongA);
    world.arrive(16, {{kUpA, 0}, {kQueueA, kStale}});
    BOOST_TEST(world.alerts() == kLongA);
    world.arrive(31, {{kUpA, 1}, {kQueueA, 1}});
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(a_pending_alert_without_news_does_not_fire) {
    World world(R"(groups:
- name: g
  interval: 15s
  rules:
  - {alert: Long, expr: queue > 5, for: 30s}
)");
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    world.arrive(16, {{kUpA, 0}, {kQueueA, kStale}});
    BOOST_TEST(world.run_until(600).empty());
    BOOST_TEST(world.alerts() == R"(Long{target="a"}=pending)");
    world.arrive(601, {{kUpA, 1}, {kQueueA, 9}});
    BOOST_TEST(world.alerts() == kLongA);
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_back_resolves_nothing) {
    World world(kQueue);
    world.arrive(3600, {{kUpA, 1}, {kQueueA, 9}});
    BOOST_TEST(world.tick(60).evaluated == 1U);
    BOOST_TEST(world.alerts() == kLongA);
}

BOOST_AUTO_TEST_CASE(other_rows_of_the_rule_are_judged_on_their_own) {
    World world(kQueue);
    const char* kUpB = R"(up{target="b"})";
    const char* kQueueB = R"(queue{target="b"})";
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}, {kUpB, 1}, {kQueueB, 9}});
    world.arrive(16, {{kUpA, 0}, {kQueueA, kStale}, {kUpB, 1}, {kQueueB, 1}});
    BOOST_TEST(world.alerts() == kLongA);
}

BOOST_AUTO_TEST_SUITE_END()

/// What must survive a crash.
BOOST_AUTO_TEST_SUITE(restarts)

BOOST_AUTO_TEST_CASE(a_for_that_had_begun_ends_at_its_original_time) {
    const char* kRules = R"(groups:
- name: g
  rules: [{alert: Long, expr: queue > 5, for: 60s}]
)";
    World world(kRules);
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    world.crash(40, kRules);
    BOOST_TEST(world.alerts() == R"(Long{target="a"}=pending)");
    world.arrive(45, {{kUpA, 1}, {kQueueA, 9}});
    const auto fired = world.run_until(61);
    BOOST_TEST(shown(fired) == kLongA);
    BOOST_CHECK(fired[0].active_at == at(1));
}

BOOST_AUTO_TEST_CASE(a_for_that_ended_meanwhile_fires_with_the_first_news) {
    const char* kRules = R"(groups:
- name: g
  rules: [{alert: Long, expr: queue > 5, for: 60s}]
)";
    World world(kRules);
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    world.crash(600, kRules);
    BOOST_TEST(world.run_until(610).empty());
    const auto fired = world.arrive(611, {{kUpA, 1}, {kQueueA, 9}});
    BOOST_TEST(shown(fired.changed) == kLongA);
    BOOST_CHECK(fired.changed[0].active_at == at(1));
    BOOST_CHECK(fired.changed[0].fired_at == at(611));
}

BOOST_AUTO_TEST_CASE(a_firing_alert_goes_on_until_there_is_news) {
    World world(kQueue);
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    world.crash(100, kQueue);
    BOOST_TEST(world.run_until(200).empty());
    BOOST_TEST(world.alerts() == kLongA);
    BOOST_CHECK(world.engine.alerts()[0].fired_at == at(1));
    // Still true: nothing to tell.
    BOOST_TEST(world.arrive(201, {{kUpA, 1}, {kQueueA, 9}}).changed.empty());
    const auto ended = world.arrive(216, {{kUpA, 1}, {kQueueA, 1}});
    BOOST_REQUIRE_EQUAL(ended.changed.size(), 1U);
    BOOST_CHECK(ended.changed[0].fired_at == at(1));
}

BOOST_AUTO_TEST_CASE(a_firing_alert_ends_with_the_first_news_that_it_is_over) {
    World world(kQueue);
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    world.crash(100, kQueue);
    BOOST_TEST(world.arrive(101, {{kUpA, 1}, {kQueueA, 1}}).changed.size() == 1U);
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(one_half_of_the_news_is_not_enough) {
    const char* kRules = R"(groups:
- name: g
  rules: [{alert: Both, expr: queue > 5 and load > 5}]
)";
    World world(kRules);
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}, {R"(load{target="a"})", 9}});
    world.crash(100, kRules);
    BOOST_TEST(world.arrive(101, {{kQueueA, 9}}).changed.empty());
    BOOST_TEST(world.arrive(102, {{R"(load{target="a"})", 9}}).changed.empty());
    BOOST_TEST(world.alerts() == R"(Both{target="a"}=firing)");
}

BOOST_AUTO_TEST_CASE(ranges_must_fill_again_before_a_rate_can_end_an_alert) {
    const char* kRules = R"(groups:
- name: g
  rules: [{alert: Errors, expr: 'increase(errors[5m]) > 5'}]
)";
    const char* kErrorsA = R"(errors{target="a"})";
    World world(kRules);
    world.arrive(1, {{kUpA, 1}, {kErrorsA, 0}});
    world.arrive(16, {{kUpA, 1}, {kErrorsA, 100}});
    BOOST_TEST(world.alerts() == R"(Errors{target="a"}=firing)");
    world.crash(30, kRules);
    world.arrive(31, {{kUpA, 1}, {kErrorsA, 100}});
    world.arrive(46, {{kUpA, 1}, {kErrorsA, 100}});
    BOOST_TEST(world.alerts() == R"(Errors{target="a"}=firing)");
    for (int second = 61; second < 400; second += 15)
        world.arrive(second, {{kUpA, 1}, {kErrorsA, 100}});
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(keep_firing_for_goes_on_from_where_it_was) {
    const char* kRules = R"(groups:
- name: g
  rules: [{alert: Long, expr: queue > 5, keep_firing_for: 60s}]
)";
    World world(kRules);
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    world.arrive(10, {{kUpA, 1}, {kQueueA, 1}});
    world.crash(30, kRules);
    world.arrive(31, {{kUpA, 1}, {kQueueA, 1}});
    BOOST_TEST(world.run_until(69).empty());
    BOOST_TEST(world.run_until(70).size() == 1U);
}

BOOST_AUTO_TEST_CASE(alerts_of_rules_that_are_gone_come_back_resolved) {
    World world(kQueue);
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    rules::Engine other(world.store, {});
    other.replace({}, at(50));
    std::vector<rules::AlertRecord> records = {world.journal.begin()->second};
    const auto evaluation = other.restore(records, at(50));
    BOOST_REQUIRE_EQUAL(evaluation.changed.size(), 1U);
    BOOST_CHECK(evaluation.changed[0].resolved_at == at(50));
    BOOST_CHECK(evaluation.changed[0].fired_at == at(1));
    BOOST_TEST(evaluation.records[0].ended());
    BOOST_TEST(evaluation.records[0].key() == records[0].key());
}

BOOST_AUTO_TEST_CASE(a_target_removed_while_down_resolves_at_the_first_tick) {
    World world(kQueue);
    world.arrive(1, {{kUpA, 1}, {kQueueA, 9}});
    world.targets.erase("a");
    world.crash(100, kQueue);
    BOOST_TEST(world.alerts() == "");
    BOOST_TEST(world.journal.empty());
}

BOOST_AUTO_TEST_SUITE_END()

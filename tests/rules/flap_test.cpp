#include "rules/flaps.h"

#include <boost/test/unit_test.hpp>

#include "tests/rules/policies.h"
#include "tests/rules/world.h"

using namespace std::chrono_literals;
using namespace pilotlight;
using rules::at;
using rules::FlapPolicy;
using rules::with;
using rules::World;

namespace {

constexpr const char* kQueue = R"(groups:
- name: g
  interval: 15s
  rules:
  - {alert: Long, expr: queue > 5, labels: {severity: page}}
)";
constexpr const char* kQueueA = R"(queue{target="a"})";
constexpr const char* kQueueB = R"(queue{target="b"})";
constexpr const char* kUpA = R"(up{target="a"})";
constexpr const char* kLongA = R"(Long{severity="page", target="a"}=firing)";

std::string annotation(const World& world, std::string_view name) {
    const auto alerts = world.engine.alerts();
    return alerts.empty() ? "no alert" : std::string(alerts.front().annotations.get(name));
}

const FlapPolicy kFlap{.changes = 5, .within = 10min, .settle = 2min};

/// Ten seconds of firing, ten of none; from `second` on, so many times. Returns the changes told.
std::vector<Alert> toggle(World& world, double second, int times) {
    std::vector<Alert> changed;
    for (int i = 0; i < times; ++i) {
        for (const double value : {9.0, 1.0}) {
            auto evaluation = world.arrive(second, {{kUpA, 1}, {kQueueA, value}});
            std::ranges::move(evaluation.changed, std::back_inserter(changed));
            second += 10;
        }
    }
    return changed;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(policy_flap)

BOOST_AUTO_TEST_CASE(the_change_that_makes_it_flap_is_told_once_and_it_stays_firing) {
    World world(kQueue, with({rules::flap(kFlap)}));
    // Fires at 0, 20, 40: with the third it is the fifth change.
    const auto changed = toggle(world, 0, 10);
    BOOST_REQUIRE_EQUAL(changed.size(), 5U);
    BOOST_TEST(changed[2].annotations.get("flapping") == "");
    BOOST_TEST(changed[4].annotations.get("flapping") ==
               "began or ended 5 times within 10m: stays firing until it has not changed for 2m");
    BOOST_TEST(world.alerts() == kLongA);
}

BOOST_AUTO_TEST_CASE(it_resolves_after_it_was_quiet) {
    World world(kQueue, with({rules::flap(kFlap)}));
    toggle(world, 0, 10);  // the last end is seen at 190
    BOOST_TEST(world.run_until(309).empty());
    const auto ended = world.run_until(310);
    BOOST_REQUIRE_EQUAL(ended.size(), 1U);
    BOOST_CHECK(ended[0].resolved_at == at(310));
    BOOST_CHECK(ended[0].fired_at == at(40));
}

BOOST_AUTO_TEST_CASE(coming_back_begins_the_quiet_anew) {
    World world(kQueue, with({rules::flap(kFlap)}));
    toggle(world, 0, 4);    // ends at 70
    toggle(world, 180, 1);  // and at 190
    BOOST_TEST(world.run_until(309).empty());
    BOOST_TEST(world.run_until(310).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_condition_that_stays_true_is_an_ordinary_alert_again) {
    World world(kQueue, with({rules::flap(kFlap)}));
    toggle(world, 0, 4);
    world.arrive(80, {{kUpA, 1}, {kQueueA, 9}});
    BOOST_TEST(world.run_until(199).empty());
    BOOST_TEST(!annotation(world, "flapping").empty());
    world.run_until(200);
    BOOST_TEST(annotation(world, "flapping") == "");
    BOOST_TEST(world.alerts() == kLongA);
    BOOST_TEST(world.arrive(300, {{kUpA, 1}, {kQueueA, 1}}).changed.size() == 1U);
}

BOOST_AUTO_TEST_CASE(slow_changes_are_none) {
    World world(kQueue, with({rules::flap({.changes = 5, .within = 30s, .settle = 2min})}));
    BOOST_TEST(toggle(world, 0, 10).size() == 20U);
}

BOOST_AUTO_TEST_CASE(each_alert_is_counted_on_its_own) {
    World world(kQueue, with({rules::flap(kFlap)}));
    for (int i = 0; i < 2; ++i) {
        world.arrive(40 * i, {{kUpA, 1}, {kQueueA, 9}});
        world.arrive(40 * i + 10, {{kUpA, 1}, {kQueueA, 1}});
        world.arrive(40 * i + 20, {{kQueueB, 9}});
        world.arrive(40 * i + 30, {{kQueueB, 1}});
    }
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(none_switches_a_later_policy_off) {
    World world(kQueue,
                with({rules::flap({.changes = 0}, R"(alertname="Long")"), rules::flap(kFlap)}));
    BOOST_TEST(toggle(world, 0, 10).size() == 20U);
}

BOOST_AUTO_TEST_CASE(without_a_policy_nothing_is_counted_or_kept) {
    World world(kQueue);
    BOOST_TEST(toggle(world, 0, 10).size() == 20U);
    BOOST_TEST(world.journal.empty());
}

BOOST_AUTO_TEST_CASE(what_was_counted_survives_a_crash) {
    World world(kQueue, with({rules::flap(kFlap)}));
    toggle(world, 0, 2);  // four changes, and none active
    BOOST_TEST(world.journal.size() == 1U);
    world.crash(50, kQueue);
    BOOST_TEST(world.alerts() == "");
    const auto fifth = world.arrive(60, {{kUpA, 1}, {kQueueA, 9}});
    BOOST_REQUIRE_EQUAL(fifth.changed.size(), 1U);
    BOOST_TEST(!fifth.changed[0].annotations.get("flapping").empty());
}

BOOST_AUTO_TEST_CASE(the_quiet_goes_on_from_where_it_was_after_a_crash) {
    World world(kQueue, with({rules::flap(kFlap)}));
    toggle(world, 0, 4);  // ends at 70
    world.crash(100, kQueue);
    BOOST_TEST(world.alerts() == kLongA);
    BOOST_TEST(world.arrive(101, {{kUpA, 1}, {kQueueA, 1}}).changed.empty());
    BOOST_TEST(world.run_until(189).empty());
    BOOST_TEST(world.run_until(190).size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_no_policy_counts_any_more_leaves_the_journal) {
    World world(kQueue, with({rules::flap(kFlap)}));
    toggle(world, 0, 1);
    BOOST_TEST(world.journal.size() == 1U);
    world.run_until(630);
    BOOST_TEST(world.journal.empty());
}

BOOST_AUTO_TEST_CASE(a_rule_that_goes_takes_what_was_counted_along) {
    World world(kQueue, with({rules::flap(kFlap)}));
    toggle(world, 0, 1);
    const auto gone = world.reload(60, "groups: []");
    BOOST_TEST(gone.changed.empty());
    BOOST_TEST(world.journal.empty());
}

BOOST_AUTO_TEST_CASE(keep_firing_for_that_is_longer_holds_it_longer) {
    World world(R"(groups:
- name: g
  interval: 15s
  rules: [{alert: Long, expr: queue > 5, keep_firing_for: 5m, labels: {severity: page}}]
)",
                with({rules::flap(kFlap)}));
    world.arrive(0, {{kUpA, 1}, {kQueueA, 9}});
    world.arrive(10, {{kUpA, 1}, {kQueueA, 1}});
    BOOST_TEST(world.run_until(309).empty());
    BOOST_TEST(world.run_until(310).size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

#include <fmt/format.h>

#include <boost/test/data/test_case.hpp>
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

constexpr const char* kA = R"(up{target="a"})";
constexpr const char* kPending = R"(Down{target="a"}=pending)";
constexpr const char* kFiring = R"(Down{target="a"}=firing)";

std::string down(int hold, int keep) {
    return fmt::format(
        "groups:\n- name: g\n  interval: 1m\n  rules:\n"
        "  - {{alert: Down, expr: up == 0, for: {}s, keep_firing_for: {}s}}\n",
        hold, keep);
}

/// The ways in which an engine goes on: after kill -9, and after an edit elsewhere.
enum class Again { crash, reload };

void again(World& world, Again how, double second, const std::string& rules) {
    if (how == Again::crash) {
        world.crash(second, rules);
    } else {
        BOOST_TEST(world.reload(second, rules).changed.empty());
    }
}

const auto kWays = boost::unit_test::data::make({0, 1});
const auto kHolds = boost::unit_test::data::make({1, 5, 30, 300, 7200});

}  // namespace

BOOST_AUTO_TEST_SUITE(what_goes_on)

BOOST_DATA_TEST_CASE(a_pending_alert_fires_at_its_original_time, kHolds* kWays, hold, way) {
    const std::string rules = down(hold, 0);
    World world(rules);
    world.arrive(1, {{kA, 0}});
    again(world, static_cast<Again>(way), 1 + hold * 0.4, rules);
    BOOST_TEST(world.alerts() == kPending);
    world.arrive(1 + hold * 0.5, {{kA, 0}});
    BOOST_TEST(world.run_until(1 + hold - 0.1).empty());
    BOOST_TEST(world.arrive(1 + hold - 0.05, {{kA, 0}}).changed.empty());
    const auto fired = world.run_until(1 + hold + 0.01);
    BOOST_TEST(shown(fired) == kFiring);
    BOOST_CHECK(fired[0].active_at == at(1));
    BOOST_CHECK(fired[0].fired_at <= at(1 + hold + 0.01));
}

BOOST_DATA_TEST_CASE(a_firing_alert_keeps_its_times,
                     boost::unit_test::data::make({0, 5, 30}) * kWays, hold, way) {
    const std::string rules = down(hold, 0);
    World world(rules);
    world.arrive(1, {{kA, 0}});
    world.arrive(hold + 2, {{kA, 0}});
    BOOST_TEST(world.alerts() == kFiring);
    const auto before = world.engine.alerts()[0];
    again(world, static_cast<Again>(way), hold + 3, rules);
    BOOST_TEST(world.alerts() == kFiring);
    BOOST_CHECK(world.engine.alerts()[0].active_at == before.active_at);
    BOOST_CHECK(world.engine.alerts()[0].fired_at == before.fired_at);
    const auto ended = world.arrive(hold + 4, {{kA, 1}});
    BOOST_REQUIRE_EQUAL(ended.changed.size(), 1U);
    BOOST_CHECK(ended.changed[0].resolved_at == at(hold + 4));
}

BOOST_DATA_TEST_CASE(keep_firing_for_ends_at_its_original_time, kHolds* kWays, keep, way) {
    const std::string rules = down(0, keep);
    World world(rules);
    world.arrive(1, {{kA, 0}});
    world.arrive(10, {{kA, 1}});
    BOOST_TEST(world.alerts() == kFiring);
    again(world, static_cast<Again>(way), 10 + keep * 0.4, rules);
    BOOST_TEST(world.arrive(10 + keep * 0.5, {{kA, 1}}).changed.empty());
    BOOST_TEST(world.run_until(10 + keep - 0.1).empty());
    BOOST_TEST(world.arrive(10 + keep - 0.05, {{kA, 1}}).changed.empty());
    const auto ended = world.run_until(10 + keep + 0.01);
    BOOST_REQUIRE_EQUAL(ended.size(), 1U);
    BOOST_CHECK(ended[0].active_at == at(1));
    BOOST_CHECK(ended[0].resolved_at <= at(10 + keep + 0.01));
}

BOOST_DATA_TEST_CASE(keep_firing_for_that_began_after_a_restart_is_kept_over_the_next, kWays, way) {
    const std::string rules = down(0, 60);
    World world(rules);
    world.arrive(1, {{kA, 0}});
    again(world, static_cast<Again>(way), 5, rules);
    world.arrive(10, {{kA, 1}});
    again(world, static_cast<Again>(way), 20, rules);
    world.arrive(21, {{kA, 1}});
    world.arrive(60, {{kA, 1}});
    BOOST_TEST(world.run_until(69.9).empty());
    BOOST_TEST(world.run_until(70.1).size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_edit_of_keep_firing_for_holds_for_what_fires) {
    World world(down(0, 60));
    world.arrive(1, {{kA, 0}});
    world.arrive(10, {{kA, 1}});
    BOOST_TEST(world.reload(12, down(0, 5)).changed.empty());
    BOOST_TEST(world.alerts() == kFiring);
    const auto ended = world.run_until(16);
    BOOST_REQUIRE_EQUAL(ended.size(), 1U);
    BOOST_CHECK(ended[0].active_at == at(1));
}

BOOST_AUTO_TEST_CASE(what_is_said_of_all_targets_waits_until_they_were_asked) {
    const std::string rules = R"(groups:
- name: g
  interval: 1m
  rules:
  - {alert: Gone, expr: absent(queue)}
  - {alert: Few, expr: count(up) < 2, for: 1s}
  - {record: ups, expr: count(up)}
  - {alert: FewRecorded, expr: ups < 2}
  - {alert: Down, expr: up == 0}
)";
    const auto arrives = [](World& world, double seconds, const char* series, double value) {
        SampleBatch batch;
        batch.at = at(seconds);
        batch.samples.push_back({rules::labels_of(series), value});
        world.store.append(batch);
        return shown(world.engine.on_arrival(batch, batch.at).changed);
    };
    for (const bool all_answer : {true, false}) {
        World world("groups: []");
        world.engine.unsettled_until(at(10));
        world.reload(0, rules);
        BOOST_TEST(world.run_until(1).empty());
        BOOST_TEST(arrives(world, 1, kA, 0) == kFiring);
        BOOST_TEST(world.run_until(5.9).empty());
        if (all_answer) {
            arrives(world, 6, "up{target=\"b\"}", 1);
            arrives(world, 6.1, "queue{target=\"b\"}", 1);
            world.engine.unsettled_until(at(6.2));
        }
        BOOST_TEST(shown(world.run_until(9.9)) == "");
        BOOST_TEST(shown(world.run_until(10.5)) ==
                   (all_answer ? "" : "FewRecorded{}=firing; Few{}=pending; Gone{}=firing"));
    }
}

BOOST_AUTO_TEST_SUITE_END()

/// How long series are seen, and kept.
BOOST_AUTO_TEST_SUITE(series_that_rules_see)

BOOST_AUTO_TEST_CASE(a_series_of_a_target_that_is_asked_each_hour_is_not_stale_after_five_minutes) {
    World world(R"(groups:
- name: g
  interval: 1m
  rules:
  - {alert: Expires, expr: expiry < 7}
  - {alert: Gone, expr: absent(expiry)}
)");
    world.store.append(rules::labels_of(R"(expiry{target="a"})"), at(0), 3, 1h);
    world.run_until(60);
    BOOST_TEST(world.alerts() == R"(Expires{target="a"}=firing)");
    BOOST_TEST(world.run_until(3 * 1800).empty());
    BOOST_TEST(world.alerts() == R"(Expires{target="a"}=firing)");
}

BOOST_AUTO_TEST_CASE(a_deleted_targets_series_end_at_once) {
    World world(R"(groups:
- name: g
  interval: 1m
  rules:
  - {alert: Few, expr: count(up) < 2}
)");
    series::Origin origin;
    SampleBatch batch;
    batch.at = at(0);
    batch.samples = {{rules::labels_of(kA), 1}};
    world.store.append(batch, origin, 1h);
    world.arrive(0, {{R"(up{target="b"})", 1}});
    BOOST_TEST(world.alerts() == "");
    world.store.end(origin, at(10));
    world.tick(61);
    BOOST_TEST(world.alerts() == "Few{}=firing");
}

BOOST_AUTO_TEST_CASE(history_is_kept_as_far_as_rules_read) {
    World world(R"(groups:
- name: g
  rules:
  - {alert: Slow, expr: 'avg_over_time(latency[10m]) > 1 and up == 1'}
  - {alert: Grows, expr: 'deriv(latency[1h] offset 5m) > 0'}
)");
    const auto retention = world.engine.retention();
    BOOST_CHECK(retention.of("latency") == 1h + 5min);
    BOOST_CHECK(retention.of("up") == 0s);
    BOOST_CHECK(retention.of("other") == 0s);
    world.store.set_retention(retention);
    for (int i = 0; i < 2 * 3600; i += 15)
        world.arrive(i, {{"latency", 1.0}, {"other", 1.0}});
    const std::size_t kept = (3600 + 300) / 15;
    BOOST_TEST(world.store.samples() < 2 * kept);
    BOOST_TEST(world.store.samples() > kept);
}

BOOST_AUTO_TEST_SUITE_END()

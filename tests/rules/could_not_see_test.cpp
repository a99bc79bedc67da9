#include <boost/test/unit_test.hpp>

#include "tests/rules/world.h"

using namespace std::chrono_literals;
using namespace pilotlight;
using rules::at;
using rules::World;

namespace {

constexpr const char* kDown = R"(groups:
- name: g
  interval: 15s
  rules:
  - {alert: Down, expr: probe_success == 0, for: 2m}
)";
constexpr const char* kProbeA = R"(probe_success{target="a"})";
constexpr const char* kProbeB = R"(probe_success{target="b"})";
constexpr const char* kPendingA = R"(Down{target="a"}=pending)";
constexpr const char* kFiringA = R"(Down{target="a"}=firing)";

/// A probe that could not judge says again what was, and that nobody looked since the one before.
void unknown(World& world, double seconds, const char* series, double value) {
    world.engine.could_not_see("a", 15s, at(seconds));
    world.arrive(seconds, {{series, value}});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(could_not_see)

BOOST_AUTO_TEST_CASE(unknown_fires_nothing_that_was_pending) {
    World world(kDown);
    for (double seconds = 0; seconds <= 60; seconds += 15)
        world.arrive(seconds, {{kProbeA, 0}});
    BOOST_TEST(world.alerts() == kPendingA);
    for (double seconds = 75; seconds <= 1'200; seconds += 15)
        unknown(world, seconds, kProbeA, 0);
    BOOST_TEST(world.alerts() == kPendingA);
}

BOOST_AUTO_TEST_CASE(a_for_goes_on_where_it_was_once_the_target_is_seen_again) {
    World world(kDown);
    for (double seconds = 0; seconds <= 60; seconds += 15)
        world.arrive(seconds, {{kProbeA, 0}});
    for (double seconds = 75; seconds <= 600; seconds += 15)
        unknown(world, seconds, kProbeA, 0);
    world.arrive(645, {{kProbeA, 0}});
    BOOST_TEST(world.alerts() == kPendingA);
    world.arrive(661, {{kProbeA, 0}});
    BOOST_TEST(world.alerts() == kFiringA);
}

BOOST_AUTO_TEST_CASE(unknown_ends_nothing_that_fires) {
    World world(kDown);
    for (double seconds = 0; seconds <= 135; seconds += 15)
        world.arrive(seconds, {{kProbeA, 0}});
    BOOST_TEST(world.alerts() == kFiringA);
    for (double seconds = 150; seconds <= 1'200; seconds += 15)
        unknown(world, seconds, kProbeA, 0);
    BOOST_TEST(world.alerts() == kFiringA);
    world.arrive(1'215, {{kProbeA, 1}});
    BOOST_TEST(world.alerts() == "");
}

BOOST_AUTO_TEST_CASE(unknown_of_one_target_holds_no_other) {
    World world(kDown);
    for (double seconds = 0; seconds <= 120; seconds += 15) {
        world.arrive(seconds, {{kProbeB, 0}});
        unknown(world, seconds + 1, kProbeA, 0);
    }
    world.arrive(135, {{kProbeB, 0}});
    BOOST_TEST(world.alerts() == R"(Down{target="a"}=pending; Down{target="b"}=firing)");
}

BOOST_AUTO_TEST_CASE(no_timer_is_put_beyond_now) {
    World world(kDown);
    world.arrive(0, {{kProbeA, 0}});
    world.engine.could_not_see("a", 1h, at(15));
    for (double seconds = 15; seconds <= 120; seconds += 15)
        world.arrive(seconds, {{kProbeA, 0}});
    BOOST_TEST(world.alerts() == kPendingA);
    world.arrive(135, {{kProbeA, 0}});
    BOOST_TEST(world.alerts() == kFiringA);
}

BOOST_AUTO_TEST_SUITE_END()

#include "app/pulse.h"

#include <boost/test/unit_test.hpp>

using namespace pilotlight;
using namespace pilotlight::app;
using namespace std::chrono_literals;

namespace {

struct Fixture {
    Pulse pulse;
    SteadyTime start{1h};
    std::string trouble(Duration after) { return pulse.trouble(start + after); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(pulse_of_the_engine, Fixture)

BOOST_AUTO_TEST_CASE(one_that_turns_and_evaluates_is_well) {
    pulse.expect(15s, start);
    BOOST_TEST(trouble(0s) == "");
    pulse.turned(start + 30s);
    BOOST_TEST(trouble(40s) == "");
}

BOOST_AUTO_TEST_CASE(one_that_stands_still_is_told_with_how_long) {
    pulse.expect(15s, start);
    BOOST_TEST(trouble(10s) == "");
    BOOST_TEST(trouble(11s) == "the engine has not turned for 11s");
}

BOOST_AUTO_TEST_CASE(one_that_turns_but_judges_nothing_is_told_after_two_intervals) {
    pulse.expect(15s, start);
    pulse.turned(start + 41s);
    BOOST_TEST(trouble(41s) == "no rule has been evaluated for 41s");
    pulse.evaluated(start + 41s);
    BOOST_TEST(trouble(42s) == "");
}

BOOST_AUTO_TEST_CASE(without_rules_there_is_nothing_to_judge) {
    pulse.expect(std::nullopt, start);
    pulse.turned(start + 1h);
    BOOST_TEST(trouble(1h) == "");
}

BOOST_AUTO_TEST_SUITE_END()

#include "alerting/resends.h"

#include <boost/test/unit_test.hpp>

#include "tests/alerting/samples.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using namespace std::chrono_literals;

namespace {

struct Fixture {
    Resends resends;
    SteadyTime start{1h};

    Fixture() { resends.set_interval(1min); }

    void told(Duration after, int firing, int resolved, const std::string& group = "g") {
        Notification notification = sample(firing, resolved, "alertmanager");
        notification.group_key = group;
        resends.told(notification, start + after);
    }
    /// Firing and ended alerts of what is due, `2+1`; "" for nothing.
    std::string due(Duration after) {
        const auto found = resends.take_due(start + after);
        if (!found) return "";
        return std::to_string(found->with_status(Status::firing).size()) + "+" +
               std::to_string(found->with_status(Status::resolved).size());
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(resends, Fixture)

BOOST_AUTO_TEST_CASE(what_fires_is_repeated_each_interval_for_ever) {
    told(0s, 1, 0);
    BOOST_TEST(due(59s) == "");
    BOOST_TEST(due(60s) == "1+0");
    BOOST_TEST(due(61s) == "");
    BOOST_TEST(due(24h) == "1+0");
}

BOOST_AUTO_TEST_CASE(what_ended_is_repeated_for_a_quarter_of_an_hour) {
    told(0s, 1, 0);
    told(30s, 0, 1);
    BOOST_TEST(due(60s) == "");
    BOOST_TEST(due(90s) == "0+1");
    BOOST_TEST(due(15min) == "0+1");
    BOOST_TEST(due(16min) == "");
    BOOST_TEST(!resends.next_due());
}

BOOST_AUTO_TEST_CASE(what_still_fires_outlives_what_ended) {
    told(0s, 2, 1);
    BOOST_TEST(due(14min) == "2+1");
    BOOST_TEST(due(16min) == "2+0");
    BOOST_TEST(resends.next_due().has_value());
}

BOOST_AUTO_TEST_CASE(groups_have_their_own_turns) {
    told(0s, 1, 0, "a");
    told(20s, 2, 0, "b");
    BOOST_TEST((*resends.next_due() == start + 60s));
    BOOST_TEST(due(80s) == "1+0");
    BOOST_TEST(due(80s) == "2+0");
    BOOST_TEST(due(80s) == "");
    resends.forget("a");
    BOOST_TEST(due(200s) == "2+0");
    BOOST_TEST(due(200s) == "");
}

BOOST_AUTO_TEST_CASE(others_want_nothing_again) {
    resends.set_interval({});
    told(0s, 1, 0);
    BOOST_TEST(!resends.next_due());
    BOOST_TEST(due(24h) == "");
}

BOOST_AUTO_TEST_SUITE_END()

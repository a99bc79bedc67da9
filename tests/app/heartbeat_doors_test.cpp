#include "app/heartbeat_doors.h"

#include <boost/test/unit_test.hpp>

#include "probes/heartbeat_address.h"

using namespace pilotlight;
using namespace pilotlight::app;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(heartbeat_doors)

BOOST_AUTO_TEST_CASE(only_those_that_are_known_open_and_only_with_their_token) {
    using enum HeartbeatDoors::Answer;
    HeartbeatDoors doors;
    const SteadyTime now = steady_now();
    BOOST_TEST((doors.knock("a", "", now) == unknown));
    doors.replace({{"a", Secret()}, {"b", Secret("s3cret")}});
    BOOST_TEST((doors.knock("a", "", now) == open));
    BOOST_TEST((doors.knock("a", "anything", now) == open));
    for (const char* const token : {"", "s3cre", "s3crets", "S3cret"})
        BOOST_TEST((doors.knock("b", token, now) == wrong_token));
    BOOST_TEST((doors.knock("b", "s3cret", now) == open));
    doors.replace({{"b", Secret()}});
    BOOST_TEST((doors.knock("a", "", now) == unknown));
    BOOST_TEST((doors.knock("b", "", now) == open));
}

BOOST_AUTO_TEST_CASE(no_secret_is_kept_of_a_body_not_even_where_it_is_cut) {
    auto other = std::make_shared<probes::Redaction>();
    other->hide("hunter2");
    HeartbeatDoors doors;
    doors.replace({{"a", Secret("s3cret-token"), other}, {"b", Secret()}});
    BOOST_TEST(doors.kept_of("a", "with s3cret-token and hunter2\n") ==
               "with <secret> and <secret>\n");
    BOOST_TEST(doors.kept_of("b", "with s3cret-token\n") == "with s3cret-token\n");
    for (std::size_t behind = probes::kHeartbeatBodyMax - 12; behind < probes::kHeartbeatBodyMax;
         ++behind) {
        const std::string kept = doors.kept_of("a", "s3cret-token" + std::string(behind, 'x'));
        BOOST_TEST(kept.find("token") == std::string::npos);
        BOOST_TEST(kept.size() <= probes::kHeartbeatBodyMax);
    }
}

BOOST_AUTO_TEST_CASE(floods_are_refused_by_name_and_for_a_while) {
    using enum HeartbeatDoors::Answer;
    HeartbeatDoors doors;
    doors.replace({{"a", Secret("t")}, {"b", Secret()}});
    const SteadyTime now = steady_now();
    for (int i = 0; i < 1'000; ++i)
        (void)doors.knock("a", "wrong", now);
    int opened = 0;
    while (opened < 10'000 && doors.knock("a", "t", now) == open)
        ++opened;
    BOOST_TEST(opened == HeartbeatDoors::kBurst);
    BOOST_TEST((doors.knock("b", "", now) == open));
    // A reload is no way around it.
    doors.replace({{"a", Secret("t")}});
    BOOST_TEST((doors.knock("a", "t", now) == too_often));
    BOOST_TEST((doors.knock("a", "t", now + 50ms) == open));
    BOOST_TEST((doors.knock("a", "t", now + 50ms) == too_often));
}

BOOST_AUTO_TEST_SUITE_END()

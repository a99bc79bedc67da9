#include "probes/doubt.h"

#include <boost/test/unit_test.hpp>

#include "probes/turns.h"

using namespace pilotlight;
using namespace pilotlight::probes;
using namespace std::chrono_literals;

namespace {

std::string judged(const std::string& reason, Circumstances how) {
    const Outcome outcome = doubt(Outcome::failed("response", reason, "why"), how);
    return (outcome.verdict == Verdict::unknown ? "unknown: " : "") + outcome.phase + "/" +
           outcome.reason;
}

constexpr SteadyTime kStart{};

}  // namespace

BOOST_AUTO_TEST_SUITE(doubt_of_ourselves)

BOOST_AUTO_TEST_CASE(a_failure_is_the_targets_where_all_was_well_with_us) {
    BOOST_TEST(judged("timeout", {.interval = 15s, .timeout = 5s}) == "response/timeout");
    BOOST_TEST(judged("timeout", {.lateness = 1s, .interval = 15s, .timeout = 5s, .lost = 1s}) ==
               "response/timeout");
}

BOOST_AUTO_TEST_CASE(what_was_lost_makes_a_timeout_unknown) {
    const Circumstances how{.interval = 15s, .timeout = 5s, .lost = 1250ms};
    BOOST_TEST(judged("timeout", how) == "unknown: schedule/stalled");
    BOOST_TEST(judged("reset", how) == "unknown: schedule/stalled");
    BOOST_TEST(judged("closed", how) == "unknown: schedule/stalled");
}

BOOST_AUTO_TEST_CASE(what_a_target_said_is_true_however_late_we_were) {
    const Circumstances how{.lateness = 1h, .interval = 15s, .timeout = 5s, .lost = 5s};
    BOOST_TEST(judged("refused", how) == "response/refused");
    BOOST_TEST(judged("status", how) == "response/status");
}

BOOST_AUTO_TEST_CASE(a_start_later_than_the_interval_makes_a_timeout_unknown) {
    const Circumstances how{.lateness = 16s, .interval = 15s, .timeout = 5s};
    BOOST_TEST(judged("timeout", how) == "unknown: schedule/late");
    BOOST_TEST(judged("timeout", {.lateness = 16s, .timeout = 5s}) == "response/timeout");
}

BOOST_AUTO_TEST_CASE(a_machine_that_slept_knows_nothing) {
    const Circumstances how{.interval = 15s, .timeout = 5s, .suspended = 1s};
    BOOST_TEST(judged("refused", how) == "unknown: schedule/suspended");
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_good_is_good_whatever_happened) {
    const Circumstances how{
        .lateness = 1h, .interval = 15s, .timeout = 5s, .lost = 5s, .suspended = 1h};
    BOOST_CHECK(doubt(Outcome::ok(), how).verdict == Verdict::ok);
}

BOOST_AUTO_TEST_CASE(the_detail_says_what_was_doubted) {
    const Outcome outcome = doubt(Outcome::failed("connect", "timeout", "no answer"),
                                  {.interval = 15s, .timeout = 5s, .lost = 2s});
    BOOST_TEST(outcome.detail ==
               "the probe loop did not turn for 2s of 5s, so that connect/timeout says nothing of "
               "the target");
}

BOOST_AUTO_TEST_CASE(a_loop_that_turns_on_time_loses_nothing) {
    Turns turns;
    BOOST_TEST(turns.began(kStart));
    for (int i = 1; i <= 10; ++i)
        turns.turned(kStart + i * 110ms);
    BOOST_CHECK(turns.lost(kStart + 1110ms) == 0ns);
}

BOOST_AUTO_TEST_CASE(a_turn_that_comes_late_is_time_lost) {
    Turns turns;
    BOOST_TEST(turns.began(kStart));
    turns.turned(kStart + 2100ms);
    BOOST_CHECK(turns.lost(kStart + 2100ms) == 2s);
    turns.turned(kStart + 2200ms);
    BOOST_CHECK(turns.lost(kStart + 2200ms) == 2s);
}

BOOST_AUTO_TEST_CASE(a_turn_that_is_still_to_come_counts_as_soon_as_it_is_overdue) {
    Turns turns;
    BOOST_TEST(turns.began(kStart));
    BOOST_CHECK(turns.lost(kStart + 1100ms) == 1s);
}

BOOST_AUTO_TEST_CASE(nobody_waits_for_a_turn_once_nothing_is_in_flight) {
    Turns turns;
    BOOST_CHECK(turns.next() == SteadyTime::max());
    BOOST_TEST(turns.began(kStart));
    BOOST_TEST(!turns.began(kStart + 10ms));
    BOOST_CHECK(turns.next() == kStart + 100ms);
    turns.ended();
    turns.ended();
    BOOST_TEST(!turns.began(kStart + 50ms));
    turns.ended();
    turns.turned(kStart + 100ms);
    BOOST_CHECK(turns.next() == SteadyTime::max());
    BOOST_TEST(turns.began(kStart + 1h));
    BOOST_CHECK(turns.next() == kStart + 1h + 100ms);
}

BOOST_AUTO_TEST_CASE(what_passes_while_nothing_is_in_flight_is_not_lost) {
    Turns turns;
    BOOST_TEST(turns.began(kStart));
    turns.ended();
    BOOST_CHECK(turns.lost(kStart + 5s) == 0ns);
    turns.turned(kStart + 5s);
    BOOST_CHECK(turns.lost(kStart + 5s) == 0ns);
    // A probe that begins before the turn that is overdue loses only what comes after its start.
    BOOST_TEST(turns.began(kStart + 10s));
    turns.ended();
    BOOST_TEST(!turns.began(kStart + 12s));
    const auto before = turns.lost(kStart + 12s);
    turns.turned(kStart + 12s);
    BOOST_CHECK(turns.lost(kStart + 12s) == before);
}

BOOST_AUTO_TEST_SUITE_END()

#include "app/probe_phases.h"

#include <boost/test/unit_test.hpp>

#include <cmath>

#include "tests/app/probe_runs.h"

using namespace pilotlight;
using namespace pilotlight::app;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {

constexpr const char* kPhase = "probe_http_duration_seconds";

/// With room for bars of `width`.
Terminal plain(std::size_t width) {
    return {.has_color = false, .columns = 30 + width};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(probe_phases)

BOOST_AUTO_TEST_CASE(each_bar_begins_where_the_one_before_ended) {
    const std::string drawn = phases_drawn({{"resolve", milliseconds(25)},
                                            {"connect", milliseconds(25)},
                                            {"transfer", milliseconds(50)}},
                                           milliseconds(100), plain(20));
    BOOST_TEST(drawn ==
               "  resolve         25.000 ms  █████\n"
               "  connect         25.000 ms       █████\n"
               "  transfer        50.000 ms            ██████████\n");
}

BOOST_AUTO_TEST_CASE(what_no_phase_took_is_told_and_shrinks_no_bar) {
    const std::vector<ProbePhase> phases = {{"connect", milliseconds(50)}};
    const std::string bar = "  connect         50.000 ms  ██████████\n";
    BOOST_TEST(phases_drawn(phases, milliseconds(200), plain(10)) ==
               bar + "  the rest       150.000 ms  in between, Pilotlight's own\n");
    BOOST_TEST(phases_drawn(phases, milliseconds(54), plain(10)) == bar);
    BOOST_TEST(phases_drawn(phases, milliseconds(10), plain(10)) == bar);
    BOOST_TEST(phases_drawn({{"connect", milliseconds(1)}}, nanoseconds(1'900'000), plain(10)) ==
               "  connect          1.000 ms  ██████████\n");
}

BOOST_AUTO_TEST_CASE(a_bar_is_exact_to_an_eighth_and_never_nothing) {
    const std::string drawn = phases_drawn(
        {{"resolve", nanoseconds(1)}, {"connect", milliseconds(15)}, {"tls", milliseconds(65)}},
        milliseconds(80), plain(10));
    BOOST_TEST(drawn ==
               "  resolve          0.000 ms  ▏\n"
               "  connect         15.000 ms  █▉\n"
               "  tls             65.000 ms   █████████\n");
}

BOOST_AUTO_TEST_CASE(a_last_phase_without_length_stays_within_the_line) {
    const std::string drawn =
        phases_drawn({{"connect", milliseconds(100)}, {"transfer", nanoseconds(1)}},
                     milliseconds(100), plain(10));
    BOOST_TEST(drawn.ends_with("  transfer         0.000 ms           ▉\n") == false);
    BOOST_TEST(drawn.ends_with("ms           █\n"));
}

BOOST_AUTO_TEST_CASE(colors_are_for_terminals) {
    const std::vector<ProbePhase> phases = {{"connect", milliseconds(100)}};
    BOOST_TEST(phases_drawn(phases, milliseconds(100), plain(10)).find('\x1b') ==
               std::string::npos);
    const Terminal colors{.has_color = true, .columns = 40};
    BOOST_TEST(phases_drawn(phases, milliseconds(100), colors) ==
               "  connect        100.000 ms  \x1b[34m██████████\x1b[0m\n");
}

BOOST_AUTO_TEST_CASE(a_narrow_terminal_still_has_bars) {
    const Terminal narrow{.has_color = false, .columns = 8};
    BOOST_TEST(phases_drawn({{"connect", milliseconds(100)}}, milliseconds(100), narrow) ==
               "  connect        100.000 ms  ██████████\n");
}

BOOST_AUTO_TEST_CASE(nothing_is_drawn_of_nothing) {
    BOOST_TEST(phases_drawn({}, milliseconds(100), plain(10)) == "");
}

BOOST_AUTO_TEST_CASE(phases_are_those_of_the_metrics_in_their_order_in_time) {
    const auto phases = phases_of(testing::made_up_run({{kPhase, "transfer", 0.004},
                                                        {kPhase, "connect", 0.002},
                                                        {kPhase, "tls", 0},
                                                        {kPhase, "resolve", 0.001},
                                                        {"probe_duration_seconds", "", 0.1}}));
    BOOST_REQUIRE(phases.size() == 3U);
    BOOST_TEST(phases[0].name == "resolve");
    BOOST_TEST(phases[1].name == "connect");
    BOOST_TEST(phases[2].name == "transfer");
    BOOST_TEST((phases[2].took == milliseconds(4)));
}

BOOST_AUTO_TEST_CASE(phases_are_those_of_the_evidence_where_no_metric_tells) {
    auto run = testing::made_up_run({{"probe_success", "", 1}});
    Evidence evidence;
    evidence.phases = {{"connect", milliseconds(2)}, {"tls", milliseconds(3)}};
    run.evidence = std::make_shared<const Evidence>(std::move(evidence));
    const auto phases = phases_of(run);
    BOOST_REQUIRE(phases.size() == 2U);
    BOOST_TEST(phases[1].name == "tls");
    BOOST_TEST((phases[1].took == milliseconds(3)));
}

BOOST_AUTO_TEST_CASE(a_phase_that_is_no_number_is_none) {
    BOOST_TEST(phases_of(testing::made_up_run({{kPhase, "connect", std::nan("")}})).empty());
}

BOOST_AUTO_TEST_SUITE_END()

#include <boost/test/unit_test.hpp>

#include "tests/promql/sheet.h"

using pilotlight::promql::Compatibility;
using pilotlight::promql::Sheet;

BOOST_AUTO_TEST_SUITE(rate_functions)

BOOST_AUTO_TEST_CASE(rate_is_per_second_and_increase_per_range) {
    Sheet sheet("10s");
    sheet.load("c{a=\"b\"}", "0+10x60");
    BOOST_TEST(sheet.eval("rate(c[1m])", "5m") == "{a=\"b\"} 1");
    BOOST_TEST(sheet.eval("increase(c[1m])", "5m") == "{a=\"b\"} 60");
    BOOST_TEST(sheet.eval("delta(c[1m])", "5m") == "{a=\"b\"} 60");
    BOOST_TEST(sheet.eval("irate(c[1m])", "5m") == "{a=\"b\"} 1");
    BOOST_TEST(sheet.eval("idelta(c[1m])", "5m") == "{a=\"b\"} 10");
}

BOOST_AUTO_TEST_CASE(a_counters_reset_is_made_good) {
    Sheet sheet("1m");
    sheet.load("c", "0 10 20 5 15 25");
    // 20, then 5 after a restart, then 20 more: 45 in five minutes, both ends sampled.
    sheet.options.compatibility = Compatibility::prometheus2;
    BOOST_TEST(sheet.eval("increase(c[5m])", "5m") == "{} 45");
    BOOST_TEST(sheet.eval("delta(c[5m])", "5m") == "{} 25");
    BOOST_TEST(sheet.eval("resets(c[5m])", "5m") == "{} 1");
    BOOST_TEST(sheet.eval("changes(c[5m])", "5m") == "{} 5");
    BOOST_TEST(sheet.eval("irate(c[5m])", "3m") == "{} 0.08333333333333333");
}

BOOST_AUTO_TEST_CASE(a_range_is_open_on_the_left_in_3_and_closed_in_2) {
    Sheet sheet("1m");
    sheet.load("c", "1 2 3 4 5 6");
    BOOST_TEST(sheet.eval("count_over_time(c[2m])", "5m") == "{} 2");
    sheet.options.compatibility = Compatibility::prometheus2;
    BOOST_TEST(sheet.eval("count_over_time(c[2m])", "5m") == "{} 3");
}

BOOST_AUTO_TEST_CASE(growth_is_extrapolated_to_an_end_that_is_near) {
    Sheet sheet("30s");
    sheet.load("c", "100 110 120 130 140");
    // Samples at 0:30 to 2:00, the range ends 10 s later and began 20 s before the first.
    BOOST_TEST(sheet.eval("increase(c[2m])", "2m10s") == "{} 40");
    BOOST_TEST(sheet.eval("increase(c[1m50s])", "2m10s") == "{} 36.66666666666667");
}

BOOST_AUTO_TEST_CASE(growth_is_extrapolated_half_a_step_to_an_end_that_is_far) {
    Sheet sheet("30s");
    sheet.load("c", "_ _ _ _ 100 110 120 130");
    // From 2:00 to 3:30, with half a step on each side.
    BOOST_TEST(sheet.eval("increase(c[10m])", "6m") == "{} 40");
}

BOOST_AUTO_TEST_CASE(a_counter_is_not_extrapolated_below_zero) {
    Sheet sheet("1m");
    sheet.load("c", "_ 1 11 21");
    // It would have been zero 6 seconds before the first sample.
    BOOST_TEST(sheet.eval("increase(c[3m])", "3m") == "{} 21");
    BOOST_TEST(sheet.eval("delta(c[3m])", "3m") == "{} 30");
}

BOOST_AUTO_TEST_CASE(fewer_than_two_samples_give_nothing) {
    Sheet sheet("1m");
    sheet.load("c", "1 _ _ _ _ _ 2");
    for (const char* function : {"rate", "increase", "delta", "irate", "idelta", "deriv"}) {
        BOOST_TEST(sheet.eval(std::string(function) + "(c[2m])", "6m") == "");
        BOOST_TEST(sheet.eval(std::string(function) + "(nothing[2m])", "6m") == "");
    }
    BOOST_TEST(sheet.eval("changes(c[2m])", "6m") == "{} 0");
}

BOOST_AUTO_TEST_CASE(changes_take_nan_as_one_value) {
    Sheet sheet("1m");
    sheet.load("c", "1 NaN NaN 1 1 2");
    BOOST_TEST(sheet.eval("changes(c[10m])", "5m") == "{} 3");
    BOOST_TEST(sheet.eval("resets(c[10m])", "5m") == "{} 0");
}

BOOST_AUTO_TEST_CASE(anchored_and_smoothed_look_beyond_the_range) {
    Sheet sheet("1m");
    sheet.load("c", "0+60x10");
    BOOST_TEST(sheet.eval("increase(c[2m] anchored)", "5m30s") == "{} 120");
    BOOST_TEST(sheet.eval("increase(c[2m] smoothed)", "5m30s") == "{} 120");
    BOOST_TEST(sheet.eval("rate(c[30s] smoothed)", "5m45s") == "{} 1");
    BOOST_TEST(sheet.eval("c smoothed", "5m15s") == "c 315");
    BOOST_TEST(sheet.eval("changes(c[1m] anchored)", "5m") == "{} 1");
}

BOOST_AUTO_TEST_CASE(lines_through_samples) {
    Sheet sheet("1m");
    sheet.load("g", "0+6x10").load("flat", "5x10").load("infinite", "Inf Inf Inf");
    BOOST_TEST(sheet.eval("deriv(g[5m])", "10m") == "{} 0.1");
    BOOST_TEST(sheet.eval("predict_linear(g[5m], 600)", "10m") == "{} 120");
    BOOST_TEST(sheet.eval("predict_linear(g[5m] offset 5m, 600)", "10m") == "{} 120");
    BOOST_TEST(sheet.eval("deriv(flat[5m])", "10m") == "{} 0");
    BOOST_TEST(sheet.eval("predict_linear(flat[5m], 1e9)", "10m") == "{} 5");
    BOOST_TEST(sheet.eval("deriv(infinite[5m])", "2m") == "{} NaN");
    BOOST_TEST(sheet.eval("double_exponential_smoothing(g[5m], 0.5, 0.5)", "10m") == "{} 60");
    BOOST_TEST(sheet.eval("double_exponential_smoothing(g[5m], 1, 0.5)", "10m") ==
               "error: invalid smoothing factor. Expected: 0 < sf < 1, got: 1.000000");
    BOOST_TEST(sheet.eval("double_exponential_smoothing(g[5m], 0.5, 0)", "10m") ==
               "error: invalid trend factor. Expected: 0 < tf < 1, got: 0.000000");
}

BOOST_AUTO_TEST_SUITE_END()

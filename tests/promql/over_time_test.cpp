#include <boost/test/unit_test.hpp>

#include "tests/promql/sheet.h"

using pilotlight::promql::Compatibility;
using pilotlight::promql::Sheet;

BOOST_AUTO_TEST_SUITE(over_time_functions)

BOOST_AUTO_TEST_CASE(reduce_the_samples_of_a_range) {
    Sheet sheet("1m");
    sheet.load("g{a=\"b\"}", "9 2 4 4 4 5 5 7 9");
    const auto over = [&](const std::string& function) {
        return sheet.eval(function + "(g[8m])", "8m");
    };
    BOOST_TEST(over("sum_over_time") == "{a=\"b\"} 40");
    BOOST_TEST(over("avg_over_time") == "{a=\"b\"} 5");
    BOOST_TEST(over("min_over_time") == "{a=\"b\"} 2");
    BOOST_TEST(over("max_over_time") == "{a=\"b\"} 9");
    BOOST_TEST(over("count_over_time") == "{a=\"b\"} 8");
    BOOST_TEST(over("stddev_over_time") == "{a=\"b\"} 2");
    BOOST_TEST(over("stdvar_over_time") == "{a=\"b\"} 4");
    BOOST_TEST(over("present_over_time") == "{a=\"b\"} 1");
    BOOST_TEST(over("last_over_time") == "g{a=\"b\"} 9");
    BOOST_TEST(over("first_over_time") == "g{a=\"b\"} 2");
    BOOST_TEST(over("mad_over_time") == "{a=\"b\"} 0.5");
    BOOST_TEST(sheet.eval("quantile_over_time(0.5, g[8m])", "8m") == "{a=\"b\"} 4.5");
    BOOST_TEST(sheet.eval("quantile_over_time(2, g[8m])", "8m") == "{a=\"b\"} +Inf");
    BOOST_TEST(sheet.eval("quantile_over_time(-1, g[8m])", "8m") == "{a=\"b\"} -Inf");
    BOOST_TEST(sheet.eval("quantile_over_time(NaN, g[8m])", "8m") == "{a=\"b\"} NaN");
    BOOST_TEST(over("ts_of_max_over_time") == "{a=\"b\"} 480");
    BOOST_TEST(over("ts_of_min_over_time") == "{a=\"b\"} 60");
    BOOST_TEST(over("ts_of_first_over_time") == "{a=\"b\"} 60");
    BOOST_TEST(over("ts_of_last_over_time") == "{a=\"b\"} 480");
}

BOOST_AUTO_TEST_CASE(least_and_greatest_are_nan_only_where_there_is_nothing_else) {
    Sheet sheet("1m");
    sheet.load("g", "NaN 3 NaN 1 2").load("n", "NaN NaN");
    BOOST_TEST(sheet.eval("min_over_time(g[5m])", "4m") == "{} 1");
    BOOST_TEST(sheet.eval("max_over_time(g[5m])", "4m") == "{} 3");
    BOOST_TEST(sheet.eval("max_over_time(n[5m])", "1m") == "{} NaN");
    BOOST_TEST(sheet.eval("sum_over_time(g[5m])", "4m") == "{} NaN");
}

BOOST_AUTO_TEST_CASE(of_equal_extremes_the_value_is_the_first_and_the_time_the_last) {
    Sheet sheet("1m");
    sheet.load("g", "0 -0 0 -0");
    BOOST_TEST(sheet.eval("min_over_time(g[5m])", "3m") == "{} 0");
    BOOST_TEST(sheet.eval("max_over_time(g[5m])", "3m") == "{} 0");
    BOOST_TEST(sheet.eval("min_over_time(g[3m])", "3m") == "{} -0");
    BOOST_TEST(sheet.eval("ts_of_min_over_time(g[5m])", "3m") == "{} 180");
    BOOST_TEST(sheet.eval("ts_of_max_over_time(g[5m])", "3m") == "{} 180");
}

BOOST_AUTO_TEST_CASE(an_overflowing_variance_is_infinite_and_nan_in_prometheus_2) {
    for (const auto compatibility : {Compatibility::prometheus2, Compatibility::prometheus3}) {
        Sheet sheet("1m", compatibility);
        sheet.load("g", "1 1e308");
        const bool is_2 = compatibility == Compatibility::prometheus2;
        BOOST_TEST(sheet.eval("stdvar_over_time(g[5m])", "1m") == (is_2 ? "{} NaN" : "{} +Inf"));
        BOOST_TEST(sheet.eval("stddev_over_time(g[5m])", "1m") == (is_2 ? "{} NaN" : "{} +Inf"));
    }
}

BOOST_AUTO_TEST_CASE(sums_and_means_keep_small_values_beside_large_ones) {
    Sheet sheet("1m");
    sheet.load("g", "1e100 1 -1e100").load("huge", "1.7e308 1.7e308").load("i", "1 Inf 2");
    BOOST_TEST(sheet.eval("sum_over_time(g[5m])", "2m") == "{} 1");
    BOOST_TEST(sheet.eval("avg_over_time(g[5m]) * 3", "2m") == "{} 1");
    BOOST_TEST(sheet.eval("avg_over_time(huge[5m]) / 1e308", "1m") == "{} 1.7");
    BOOST_TEST(sheet.eval("avg_over_time(i[5m])", "2m") == "{} +Inf");
}

BOOST_AUTO_TEST_CASE(stale_markers_are_no_samples) {
    Sheet sheet("1m");
    sheet.load("g", "1 stale 3");
    BOOST_TEST(sheet.eval("count_over_time(g[5m])", "2m") == "{} 2");
    BOOST_TEST(sheet.eval("g", "1m") == "");
    BOOST_TEST(sheet.eval("present_over_time(g[30s])", "1m15s") == "");
}

BOOST_AUTO_TEST_CASE(every_function_of_a_range_knows_one_sample_and_none) {
    Sheet sheet("1m");
    sheet.load("g", "3 _ _ _ _ _ _ _ _ _ _ stale");
    const std::pair<const char*, const char*> cases[] = {
        {"sum_over_time", "{} 3"},
        {"avg_over_time", "{} 3"},
        {"min_over_time", "{} 3"},
        {"max_over_time", "{} 3"},
        {"count_over_time", "{} 1"},
        {"present_over_time", "{} 1"},
        {"stddev_over_time", "{} 0"},
        {"stdvar_over_time", "{} 0"},
        {"mad_over_time", "{} 0"},
        {"last_over_time", "g 3"},
        {"first_over_time", "g 3"},
        {"ts_of_min_over_time", "{} 0"},
        {"ts_of_max_over_time", "{} 0"},
        {"ts_of_first_over_time", "{} 0"},
        {"ts_of_last_over_time", "{} 0"},
        {"changes", "{} 0"},
        {"resets", "{} 0"},
        {"rate", ""},
        {"increase", ""},
        {"delta", ""},
        {"irate", ""},
        {"idelta", ""},
        {"deriv", ""},
    };
    for (const auto& [function, one] : cases) {
        BOOST_TEST_CONTEXT(function) {
            const std::string call = std::string(function) + "(g[2m])";
            BOOST_TEST(sheet.eval(call, "1m") == one);
            BOOST_TEST(sheet.eval(call, "5m") == "");
            // A stale marker is no sample.
            BOOST_TEST(sheet.eval(call, "11m") == "");
            BOOST_TEST(sheet.eval(std::string(function) + "(gone[2m])", "1m") == "");
            BOOST_TEST(sheet.eval(std::string(function) + "(g)").starts_with("error: "));
        }
    }
    for (const char* call : {"quantile_over_time(0.9, g[2m])", "predict_linear(g[2m], 60)",
                             "double_exponential_smoothing(g[2m], 0.5, 0.5)"}) {
        BOOST_TEST(sheet.eval(call, "5m") == "", call);
        BOOST_TEST(sheet.eval(call, "1m") == (call[0] == 'q' ? "{} 3" : ""), call);
    }
}

BOOST_AUTO_TEST_CASE(infinities_and_nan_go_through_ranges) {
    Sheet sheet("1m");
    sheet.load("up", "1 2 Inf").load("both", "Inf -Inf").load("nans", "1 NaN 3");
    const auto of = [&](const std::string& function, const char* series) {
        return sheet.eval(function + "(" + series + "[5m])", "2m");
    };
    BOOST_TEST(of("sum_over_time", "up") == "{} +Inf");
    BOOST_TEST(of("avg_over_time", "both") == "{} NaN");
    BOOST_TEST(of("max_over_time", "both") == "{} +Inf");
    BOOST_TEST(of("min_over_time", "both") == "{} -Inf");
    BOOST_TEST(of("stddev_over_time", "up") == "{} NaN");
    BOOST_TEST(of("count_over_time", "nans") == "{} 3");
    BOOST_TEST(of("last_over_time", "nans") == "nans 3");
    BOOST_TEST(of("rate", "up") == "{} +Inf");
    BOOST_TEST(of("delta", "both") == "{} -Inf");
    BOOST_TEST(of("idelta", "nans") == "{} NaN");
    BOOST_TEST(of("changes", "nans") == "{} 2");
    BOOST_TEST(of("resets", "both") == "{} 1");
    BOOST_TEST(of("deriv", "nans") == "{} NaN");
    BOOST_TEST(sheet.eval("quantile_over_time(0, nans[5m])", "2m") == "{} NaN");
    BOOST_TEST(sheet.eval("quantile_over_time(1, nans[5m])", "2m") == "{} 3");
}

BOOST_AUTO_TEST_CASE(absence_is_named_by_what_was_asked_for) {
    Sheet sheet("1m");
    sheet.load("up", "1");
    BOOST_TEST(sheet.eval("absent(up)") == "");
    BOOST_TEST(sheet.eval("absent(gone{a=\"b\", c=~\"d\", e!=\"f\"})") == "{a=\"b\"} 1");
    BOOST_TEST(sheet.eval("absent(gone{a=\"b\", a=\"c\"})") == "{} 1");
    BOOST_TEST(sheet.eval("absent(sum(gone{a=\"b\"}))") == "{} 1");
    BOOST_TEST(sheet.eval("absent_over_time(gone{a=\"b\"}[5m])") == "{a=\"b\"} 1");
    BOOST_TEST(sheet.eval("absent_over_time(up[5m])") == "");
    BOOST_TEST(sheet.eval("absent_over_time(up[5m])", "1h") == "{} 1");
}

BOOST_AUTO_TEST_CASE(subqueries_step_on_the_clock) {
    Sheet sheet("1m");
    sheet.load("g", "0+1x60");
    // Multiples of the step after 5:30 and up to 10:30, whatever the evaluation's seconds.
    BOOST_TEST(sheet.eval("sum_over_time(g[5m:1m])", "10m30s") == "{} 40");
    BOOST_TEST(sheet.eval("count_over_time(g[5m:])", "10m30s") == "{} 5");
    BOOST_TEST(sheet.eval("count_over_time(g[5m:30s])", "10m") == "{} 10");
    BOOST_TEST(sheet.eval("max_over_time(rate(g[2m])[10m:1m]) * 60", "30m") == "{} 1");
    BOOST_TEST(sheet.eval("last_over_time(g[5m:1m] offset 10m)", "30m") == "g 20");
    BOOST_TEST(sheet.eval("last_over_time(g[5m:1m] @ 600)", "30m") == "g 10");
    BOOST_TEST(sheet.eval("g[3m:1m]", "10m") == "g 8@480 9@540 10@600");
    BOOST_TEST(sheet.eval("g[2m]", "10m") == "g 9@540 10@600");
    BOOST_TEST(sheet.eval("sum_over_time(sum_over_time(g[2m:1m])[2m:1m])", "10m") == "{} 36");
}

BOOST_AUTO_TEST_SUITE_END()

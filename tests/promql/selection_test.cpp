#include <boost/test/unit_test.hpp>

#include "tests/promql/sheet.h"

using namespace std::chrono_literals;
using pilotlight::Labels;
using pilotlight::WallTime;
using pilotlight::promql::Compatibility;
using pilotlight::promql::Sheet;

BOOST_AUTO_TEST_SUITE(selection)

BOOST_AUTO_TEST_CASE(a_value_is_valid_for_the_lookback) {
    Sheet sheet("1m");
    sheet.load("g", "7");
    BOOST_TEST(sheet.eval("g", "4m59s") == "g 7");
    BOOST_TEST(sheet.eval("g", "5m") == "");
    sheet.options.compatibility = Compatibility::prometheus2;
    BOOST_TEST(sheet.eval("g", "5m") == "g 7");
    BOOST_TEST(sheet.eval("g", "5m1s") == "");
    sheet.options.lookback = 1min;
    BOOST_TEST(sheet.eval("g", "2m") == "");
}

BOOST_AUTO_TEST_CASE(a_series_own_interval_stretches_its_lookback_in_live_evaluation) {
    Sheet sheet;
    sheet.store.append(Labels{{"__name__", "cert"}}, WallTime(0s), 1, 1h);
    BOOST_TEST(sheet.eval("cert", "90m") == "");
    sheet.options.series_lookback = true;
    BOOST_TEST(sheet.eval("cert", "90m") == "cert 1");
    BOOST_TEST(sheet.eval("cert", "3h") == "");
}

BOOST_AUTO_TEST_CASE(a_stale_series_is_gone_at_once_and_back_with_its_next_sample) {
    Sheet sheet("1m");
    sheet.load("g", "1 stale _ 4");
    BOOST_TEST(sheet.eval("g", "30s") == "g 1");
    BOOST_TEST(sheet.eval("g", "1m") == "");
    BOOST_TEST(sheet.eval("g", "2m") == "");
    BOOST_TEST(sheet.eval("g", "3m") == "g 4");
}

BOOST_AUTO_TEST_CASE(offset_and_at_move_the_time) {
    Sheet sheet("1m");
    sheet.load("g", "0+1x60");
    BOOST_TEST(sheet.eval("g offset 5m", "10m") == "g 5");
    BOOST_TEST(sheet.eval("g offset -5m", "10m") == "g 15");
    BOOST_TEST(sheet.eval("g @ 1200", "10m") == "g 20");
    BOOST_TEST(sheet.eval("g @ 1200 offset 5m", "10m") == "g 15");
    BOOST_TEST(sheet.eval("g offset 5m @ 1200", "10m") == "g 15");
    BOOST_TEST(sheet.eval("g @ start() + g @ end()", "10m") == "{} 20");
    BOOST_TEST(sheet.eval("rate(g[5m] @ 1200) * 60", "10m") == "{} 1");
    BOOST_TEST(sheet.eval("g @ 10m", "1m") == "g 10");
    BOOST_TEST(sheet.eval("g offset 300", "10m") == "g 5");
}

BOOST_AUTO_TEST_CASE(timestamps_are_the_samples_own_only_of_a_selector) {
    Sheet sheet("1m");
    sheet.load("g", "1 2 3");
    BOOST_TEST(sheet.eval("timestamp(g)", "2m30s") == "{} 120");
    BOOST_TEST(sheet.eval("timestamp((g offset 1m))", "2m30s") == "{} 60");
    BOOST_TEST(sheet.eval("timestamp(g + 0)", "2m30s") == "{} 150");
    BOOST_TEST(sheet.eval("timestamp((g @ 130 offset 1m))", "2m30s") == "{} 60");
}

BOOST_AUTO_TEST_CASE(a_range_query_gives_every_step) {
    Sheet sheet("1m");
    sheet.load("g{a=\"x\"}", "0 1 2 3").load("g{a=\"y\"}", "5 _ stale 8");
    BOOST_TEST(sheet.eval_range("g", "0s", "3m", "1m") ==
               "g{a=\"x\"} 0@0 1@60 2@120 3@180; g{a=\"y\"} 5@0 5@60 8@180");
    BOOST_TEST(sheet.eval_range("time()", "0s", "2m", "1m") == "{} 0@0 60@60 120@120");
    BOOST_TEST(sheet.eval_range("g{a=\"x\"} @ end()", "0s", "1m", "1m") == "g{a=\"x\"} 1@0 1@60");
    BOOST_TEST(sheet.eval_range("step() + range()", "0s", "2m", "1m") == "{} 180@0 180@60 180@120");
    BOOST_TEST(sheet.eval_range("g", "1m", "0s", "1m").starts_with("error: "));
    BOOST_TEST(sheet.eval_range("g", "0s", "1m", "0").starts_with("error: "));
    BOOST_TEST(sheet.eval_range("g[1m]", "0s", "1m", "1m").starts_with("error: "));
    BOOST_TEST(sheet.eval_range("\"x\"", "0s", "1m", "1m").starts_with("error: "));
}

BOOST_AUTO_TEST_CASE(work_has_a_limit) {
    Sheet sheet("1m");
    sheet.load("g", "0+1x60");
    sheet.options.sample_limit = 1000;
    BOOST_TEST(sheet.eval("g", "10m") == "g 10");
    for (const char* hostile :
         {"sum_over_time(g[10y:1ms])",
          "max_over_time(max_over_time(max_over_time(g[1h:1s])[1h:1s])[1h:1s])",
          "sum_over_time(vector(1)[1y:1ms])"}) {
        BOOST_TEST(sheet.eval(hostile, "1h") ==
                   "error: query processing would read or make more than 1000 samples");
    }
    BOOST_TEST(sheet.eval_range("vector(1)", "0s", "1y", "1ms").starts_with("error: "));
}

BOOST_AUTO_TEST_CASE(what_is_nested_as_deep_as_allowed_is_evaluated) {
    Sheet sheet("1m");
    sheet.load("g", "0+1x60");
    const auto nested = [](std::string_view open, std::string_view inner, std::string_view close,
                           int times) {
        std::string text(inner);
        for (int i = 0; i < times; ++i)
            text = std::string(open) + text + std::string(close);
        return text;
    };
    BOOST_TEST(sheet.eval(nested("abs(", "g", ")", 390), "10m") == "{} 10");
    BOOST_TEST(sheet.eval(nested("sum by (a) (", "g", ")", 390), "10m") == "{} 10");
    BOOST_TEST(sheet.eval(nested("", "g", " or g", 390), "10m") == "g 10");
    BOOST_TEST(sheet.eval(nested("1 + ", "g", "", 390), "10m") == "{} 400");
    BOOST_TEST(sheet.eval(nested("-(", "1", ")", 190), "10m") == "1");
    BOOST_TEST(sheet.eval(nested("label_replace(", "g", ", \"x\", \"\", \"\", \"\")", 390),
                          "10m") == "g 10");
    BOOST_TEST(sheet.eval(nested("last_over_time(", "g", "[1ms:1ms])", 190), "10m") == "g 10");
}

BOOST_AUTO_TEST_CASE(a_length_of_time_that_is_none_is_an_error) {
    Sheet sheet("1m");
    sheet.load("g", "0+1x60");
    BOOST_TEST(sheet.eval("count_over_time(g[-5m + 1m])", "10m") ==
               "error: duration must be greater than 0");
    BOOST_TEST(sheet.eval("count_over_time(g[5m / step()])", "10m") == "error: division by zero");
    BOOST_TEST(sheet.eval("count_over_time(g[5m:step()])", "10m") ==
               "error: duration must be greater than 0");
    BOOST_TEST(sheet.eval("count_over_time(g[1h / 12])", "10m") == "{} 5");
}

BOOST_AUTO_TEST_CASE(names_in_utf_8_are_read_in_3) {
    Sheet sheet;
    sheet.load("{\"http.duration\", \"host.name\"=\"ä\"}", "3");
    BOOST_TEST(sheet.eval("{\"http.duration\"} + 1") == "{\"host.name\"=\"ä\"} 4");
    BOOST_TEST(sheet.eval("sum by (\"host.name\") ({\"http.duration\"})") ==
               "{\"host.name\"=\"ä\"} 3");
    BOOST_TEST(sheet.eval("{\"http.duration\", \"host.name\"!=\"ä\"}") == "");
}

BOOST_AUTO_TEST_SUITE_END()

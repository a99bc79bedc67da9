#include "rules/promql/series_notation.h"

#include <boost/test/unit_test.hpp>
#include <string>

#include "core/sample.h"
#include "rules/promql/printer.h"

using namespace pilotlight::promql;
using pilotlight::is_stale;

namespace {

std::string values(std::string_view text) {
    const auto read = parse_series_values(text, 1000);
    if (!read) return "error: " + read.error().message;
    std::string out;
    for (const SeriesValue& value : *read) {
        if (!out.empty()) out += ' ';
        out += !value ? "_" : is_stale(*value) ? "stale" : format_float(*value);
    }
    return out;
}

std::string labels(std::string_view text,
                   Compatibility compatibility = Compatibility::prometheus3) {
    const auto read = parse_series(text, {.compatibility = compatibility});
    return read ? read->to_string() : "error: " + read.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(series_notation)

BOOST_AUTO_TEST_CASE(reads_values_repetitions_and_gaps) {
    BOOST_TEST(values("1 2.5 -3 +4 1e3 .5") == "1 2.5 -3 4 1000 0.5");
    BOOST_TEST(values("1x3") == "1 1 1 1");
    BOOST_TEST(values("1+2x3") == "1 3 5 7");
    BOOST_TEST(values("-1-2x3") == "-1 -3 -5 -7");
    BOOST_TEST(values("_ _x3 stale 7") == "_ _ _ _ stale 7");
    BOOST_TEST(values("NaN Inf -Inf") == "NaN +Inf -Inf");
    BOOST_TEST(values("") == "");
    BOOST_TEST(values("  1\t2 ") == "1 2");
    // The end of a block scalar.
    BOOST_TEST(values("1 2\n") == "1 2");
    BOOST_TEST(values("1e-999") == "0");
    BOOST_TEST(values("1x0") == "1");
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_value) {
    for (const std::string_view bad :
         {"a",       "1x",       "1+2",   "1+x3",  "1x-3",
          "_y",      "1,2",      "x3",    "1x3x4", "1++2x3",
          "1x1.5",   "1\n2",     "Infx3", "NaNx3", "stalex3",
          "1+Infx2", "infinite", "Stale", "1e999", "1x18446744073709551615"}) {
        BOOST_TEST_CONTEXT(bad) {
            BOOST_TEST(values(bad).starts_with("error: "));
        }
    }
    BOOST_TEST(values("{{schema:0 count:1}}").find("native histograms") != std::string::npos);
    BOOST_TEST(values("1x999999999999") == "error: more than 1000 values in a series");
    BOOST_TEST(values("1x99999999999999999999999").starts_with("error: "));
}

BOOST_AUTO_TEST_CASE(reads_series) {
    BOOST_TEST(labels("up") == "up");
    BOOST_TEST(labels("up{}") == "up");
    BOOST_TEST(labels("up{a=\"b\", c='d',}") == "up{a=\"b\", c=\"d\"}");
    BOOST_TEST(labels("{a=\"b\"}") == "{a=\"b\"}");
    BOOST_TEST(labels("{__name__=\"up\"}") == "up");
    BOOST_TEST(labels("") == "{}");
    BOOST_TEST(labels("{\"a.b\", \"c.d\"=\"e\"}") == "a.b{\"c.d\"=\"e\"}");
    BOOST_TEST(labels("sum{by=\"x\"}") == "sum{by=\"x\"}");
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_series) {
    for (const std::string_view bad :
         {"up{a}", "up{a=}", "up{a=~\"b\"}", "up{a=\"b\"", "up 1", "up{a=\"b\"} x", "5", "up[5m]",
          "up{a!=\"b\"}", "inf", "nan{}", "bool", "on{a=\"b\"}", "atan2", "group_left"}) {
        BOOST_TEST_CONTEXT(bad) {
            BOOST_TEST(labels(bad).starts_with("error: "));
        }
    }
    BOOST_TEST(labels("{\"a.b\"}", Compatibility::prometheus2).starts_with("error: "));
}

BOOST_AUTO_TEST_CASE(reads_selectors) {
    const auto read = parse_selector("up{a=~\"b.*\"}");
    BOOST_REQUIRE(read.has_value());
    BOOST_REQUIRE(read->size() == 2U);
    BOOST_TEST((*read)[0].to_string() == "a=~\"b.*\"");
    BOOST_TEST((*read)[1].to_string() == "__name__=\"up\"");
    BOOST_TEST(!parse_selector("up + 1").has_value());
    BOOST_TEST(!parse_selector("").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

#include <boost/test/unit_test.hpp>

#include "tests/promql/sheet.h"

using pilotlight::promql::Compatibility;
using pilotlight::promql::Sheet;

namespace {

/// 10 up to 0.1, 40 more up to 0.5, 40 up to 1, 10 beyond.
Sheet latencies() {
    Sheet sheet;
    sheet.load("h_bucket{a=\"x\", le=\"0.1\"}", "10")
        .load("h_bucket{a=\"x\", le=\"0.5\"}", "50")
        .load("h_bucket{a=\"x\", le=\"1\"}", "90")
        .load("h_bucket{a=\"x\", le=\"+Inf\"}", "100");
    return sheet;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(histograms)

BOOST_AUTO_TEST_CASE(quantiles_lie_between_the_bounds) {
    const Sheet sheet = latencies();
    const auto quantile = [&](const std::string& q) {
        return sheet.eval("histogram_quantile(" + q + ", h_bucket)");
    };
    BOOST_TEST(quantile("0.05") == "{a=\"x\"} 0.05");
    BOOST_TEST(quantile("0.5") == "{a=\"x\"} 0.5");
    BOOST_TEST(quantile("0.7") == "{a=\"x\"} 0.75");
    // Beyond the last finite bound nothing more is known than the bound.
    BOOST_TEST(quantile("0.95") == "{a=\"x\"} 1");
    BOOST_TEST(quantile("1") == "{a=\"x\"} 1");
    BOOST_TEST(quantile("0") == "{a=\"x\"} 0");
    BOOST_TEST(quantile("-0.1") == "{a=\"x\"} -Inf");
    BOOST_TEST(quantile("1.1") == "{a=\"x\"} +Inf");
    BOOST_TEST(quantile("NaN") == "{a=\"x\"} NaN");
}

BOOST_AUTO_TEST_CASE(incomplete_histograms_are_nan) {
    Sheet sheet;
    sheet.load("a_bucket{le=\"1\"}", "5");
    sheet.load("b_bucket{le=\"+Inf\"}", "5");
    sheet.load("c_bucket{le=\"1\"}", "0").load("c_bucket{le=\"+Inf\"}", "0");
    sheet.load("d_bucket{le=\"x\"}", "5").load("d_bucket", "5");
    BOOST_TEST(sheet.eval("histogram_quantile(0.5, a_bucket)") == "{} NaN");
    BOOST_TEST(sheet.eval("histogram_quantile(0.5, b_bucket)") == "{} NaN");
    BOOST_TEST(sheet.eval("histogram_quantile(0.5, c_bucket)") == "{} NaN");
    std::vector<std::string> warnings;
    sheet.options.warnings = &warnings;
    BOOST_TEST(sheet.eval("histogram_quantile(0.5, d_bucket)") == "");
    BOOST_TEST(warnings.size() == 2U);
    BOOST_TEST(sheet.eval("histogram_quantile(0.5, nothing)") == "");
}

BOOST_AUTO_TEST_CASE(counts_that_fall_are_mended) {
    Sheet sheet;
    sheet.load("h_bucket{le=\"1\"}", "10")
        .load("h_bucket{le=\"2\"}", "8")
        .load("h_bucket{le=\"3\"}", "20")
        .load("h_bucket{le=\"+Inf\"}", "20");
    BOOST_TEST(sheet.eval("histogram_quantile(0.75, h_bucket)") == "{} 2.5");
}

BOOST_AUTO_TEST_CASE(bounds_written_differently_are_one_bucket) {
    Sheet sheet;
    sheet.load("h_bucket{le=\"1\"}", "5")
        .load("h_bucket{le=\"1.0\"}", "5")
        .load("h_bucket{le=\"+Inf\"}", "10");
    BOOST_TEST(sheet.eval("histogram_quantile(0.5, h_bucket)") == "{} 0.5");
}

BOOST_AUTO_TEST_CASE(the_lowest_bucket_may_lie_below_zero) {
    Sheet sheet;
    sheet.load("h_bucket{le=\"-1\"}", "10").load("h_bucket{le=\"+Inf\"}", "20");
    BOOST_TEST(sheet.eval("histogram_quantile(0.25, h_bucket)") == "{} -1");
}

BOOST_AUTO_TEST_CASE(quantiles_of_rates_by_group) {
    Sheet sheet("1m");
    sheet.load("h_bucket{a=\"x\", le=\"1\"}", "0+60x10")
        .load("h_bucket{a=\"x\", le=\"+Inf\"}", "0+120x10")
        .load("h_bucket{a=\"y\", le=\"1\"}", "0+60x10")
        .load("h_bucket{a=\"y\", le=\"+Inf\"}", "0+60x10");
    BOOST_TEST(sheet.eval("histogram_quantile(0.5, sum by (le) (rate(h_bucket[5m])))", "10m") ==
               "{} 0.75");
    BOOST_TEST(sheet.eval("histogram_quantile(0.25, rate(h_bucket[5m]))", "10m") ==
               "{a=\"x\"} 0.5; {a=\"y\"} 0.25");
    BOOST_TEST(sheet.eval("histogram_quantiles(rate(h_bucket{a=\"y\"}[5m]), \"q\", 0.5, 1)",
                          "10m") == "{a=\"y\", q=\"0.5\"} 0.5; {a=\"y\", q=\"1\"} 1");
}

BOOST_AUTO_TEST_CASE(fractions_between_two_values) {
    Sheet sheet = latencies();
    const auto fraction = [&](const std::string& range) {
        return sheet.eval("histogram_fraction(" + range + ", h_bucket)");
    };
    BOOST_TEST(fraction("0, 0.1") == "{a=\"x\"} 0.1");
    BOOST_TEST(fraction("0.1, 1") == "{a=\"x\"} 0.8");
    BOOST_TEST(fraction("0, 0.3") == "{a=\"x\"} 0.3");
    BOOST_TEST(fraction("-Inf, +Inf") == "{a=\"x\"} 1");
    BOOST_TEST(fraction("1, 0") == "{a=\"x\"} 0");
    BOOST_TEST(fraction("NaN, 1") == "{a=\"x\"} NaN");
    sheet.options.compatibility = Compatibility::prometheus2;
    BOOST_TEST(fraction("0, 0.1") == "");
}

BOOST_AUTO_TEST_CASE(in_prometheus_2_fractions_are_of_native_histograms_only) {
    Sheet sheet("1m", Compatibility::prometheus2);
    sheet.load("h_bucket{le=\"+Inf\"}", "1").load("m{a=\"1\"}", "1").load("m{a=\"2\"}", "1");
    BOOST_TEST(sheet.eval("histogram_fraction(0, 1, h_bucket)") == "");
    BOOST_TEST(sheet.eval("histogram_fraction(0, 1, h_bucket + on () m)")
                   .starts_with("error: found duplicate series"));
}

BOOST_AUTO_TEST_CASE(what_only_native_histograms_have_is_nothing_with_a_warning) {
    Sheet sheet = latencies();
    std::vector<std::string> warnings;
    sheet.options.warnings = &warnings;
    BOOST_TEST(sheet.eval("histogram_count(h_bucket)") == "");
    BOOST_REQUIRE(warnings.size() == 1U);
    BOOST_TEST(warnings[0].find("native histograms") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

// What is said beside a result, as Prometheus 3 says it (util/annotations).
#include <boost/test/unit_test.hpp>

#include "tests/promql/sheet.h"

using pilotlight::promql::Compatibility;
using pilotlight::promql::Sheet;

namespace {

struct Said {
    std::vector<std::string> warnings;
    std::vector<std::string> infos;
};

Said said(Sheet& sheet, std::string_view expr, std::string_view at = "4m") {
    Said said;
    sheet.options.warnings = &said.warnings;
    sheet.options.infos = &said.infos;
    sheet.options.text = expr;
    static_cast<void>(sheet.eval(expr, at));
    return said;
}

std::string info_about(const std::string& name, const std::string& place) {
    return "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"" +
           name + "\" (" + place + ")";
}

std::string the_one(const std::vector<std::string>& list) {
    BOOST_TEST_REQUIRE(list.size() == 1U);
    return list[0];
}

Sheet counters(Compatibility compatibility = Compatibility::prometheus3) {
    Sheet sheet("1m", compatibility);
    sheet.load("g{a=\"1\"}", "0+1x5").load("g{a=\"2\"}", "0+1x5");
    for (const char* name : {"c_total", "c_sum", "c_count", "c_bucket", "other"})
        sheet.load(name, "0+1x5");
    return sheet;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(annotations)

BOOST_AUTO_TEST_CASE(a_rate_over_what_is_not_named_like_a_counter_is_told_once_with_its_place) {
    Sheet sheet = counters();
    BOOST_TEST(the_one(said(sheet, "rate(g[5m])").infos) == info_about("g", "1:6"));
    BOOST_TEST(the_one(said(sheet, "1 +\n  increase(g[5m])").infos) == info_about("g", "2:12"));
    BOOST_TEST(the_one(said(sheet, "sum(rate((g[5m])))").infos) == info_about("g", "1:10"));
    // Of the same words about two places, those about the later one stay.
    BOOST_TEST(the_one(said(sheet, "rate(g[5m]) + increase(g[4m])").infos) ==
               info_about("g", "1:24"));
    BOOST_TEST(said(sheet, "rate({__name__=~\"g|other|c_total\"}[5m])").infos.size() == 2U);
}

BOOST_AUTO_TEST_CASE(counters_and_what_gives_no_result_are_not_told_of) {
    Sheet sheet = counters();
    for (const char* expr :
         {"rate(c_total[5m])", "rate(c_sum[5m])", "increase(c_count[5m])", "rate(c_bucket[5m])",
          "delta(g[5m])", "irate(g[5m])", "rate(nothing[5m])", "rate(g[1m])",
          "rate(label_replace(g, '__name__', '', '', '')[5m:1m])"}) {
        BOOST_TEST(said(sheet, expr).infos.empty(), expr);
    }
}

BOOST_AUTO_TEST_CASE(prometheus_2_had_no_infos) {
    Sheet sheet = counters(Compatibility::prometheus2);
    BOOST_TEST(said(sheet, "rate(g[5m])").infos.empty());
}

BOOST_AUTO_TEST_CASE(quantiles_beyond_their_bounds_are_warned_of_where_they_stand) {
    Sheet sheet = counters();
    const std::string between = "quantile value should be between 0 and 1, got ";
    BOOST_TEST(the_one(said(sheet, "quantile(2, g)").warnings) == between + "2 (1:10)");
    BOOST_TEST(the_one(said(sheet, "quantile_over_time(-0.5, g[2m])").warnings) ==
               between + "-0.5 (1:20)");
    BOOST_TEST(said(sheet, "histogram_quantile(NaN, c_bucket)").warnings.at(0) ==
               between + "NaN (1:20)");
    BOOST_TEST(said(sheet, "quantile(0.5, g)").warnings.empty());
}

BOOST_AUTO_TEST_CASE(a_ratio_beyond_its_bounds_is_capped_and_told) {
    Sheet sheet = counters();
    BOOST_TEST(the_one(said(sheet, "limit_ratio(-1.5, g)").warnings) ==
               "ratio value should be between -1 and 1, got -1.5, capping to -1 (1:13)");
    BOOST_TEST(said(sheet, "limit_ratio(1, g)").warnings.empty());
}

BOOST_AUTO_TEST_CASE(buckets_without_bounds_are_warned_of) {
    Sheet sheet;
    sheet.load("h{le=\"x\"}", "1");
    BOOST_TEST(the_one(said(sheet, "histogram_quantile(0.5, h)", "0s").warnings) ==
               "bucket label \"le\" is missing or has a malformed value of \"x\" for metric name "
               "\"h\" (1:25)");
    BOOST_TEST(the_one(said(sheet, "histogram_quantile(0.5, sum(h))", "0s").warnings) ==
               "bucket label \"le\" is missing or has a malformed value of \"\" (1:25)");
}

BOOST_AUTO_TEST_CASE(counts_that_had_to_be_kept_from_falling_are_told) {
    Sheet sheet;
    sheet.load("h_bucket{le=\"1\"}", "10")
        .load("h_bucket{le=\"2\"}", "8")
        .load("h_bucket{le=\"+Inf\"}", "20");
    const std::string fixed =
        "input to histogram_quantile needed to be fixed for monotonicity (see "
        "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";
    BOOST_TEST(the_one(said(sheet, "histogram_quantile(0.5, h_bucket)", "0s").infos) ==
               fixed + " for metric name \"h_bucket\" (1:25)");
    BOOST_TEST(
        the_one(said(sheet, "histogram_quantile(0.5, sum by (le) (h_bucket))", "0s").infos) ==
        fixed + " (1:25)");
    Sheet rounding;
    rounding.load("h_bucket{le=\"1\"}", "10")
        .load("h_bucket{le=\"2\"}", "9.9999999999999")
        .load("h_bucket{le=\"+Inf\"}", "20");
    BOOST_TEST(said(rounding, "histogram_quantile(0.5, h_bucket)", "0s").infos.empty());
}

BOOST_AUTO_TEST_SUITE_END()

#include <boost/test/unit_test.hpp>

#include "tests/promql/sheet.h"

using pilotlight::promql::Sheet;

namespace {

Sheet servers() {
    Sheet sheet;
    sheet.load("load{dc=\"a\", host=\"1\"}", "1")
        .load("load{dc=\"a\", host=\"2\"}", "3")
        .load("load{dc=\"b\", host=\"1\"}", "10")
        .load("load{dc=\"b\", host=\"2\"}", "NaN");
    return sheet;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(aggregations)

BOOST_AUTO_TEST_CASE(group_by_labels_or_without_them) {
    const Sheet sheet = servers();
    BOOST_TEST(sheet.eval("sum by (dc) (load)") == "{dc=\"a\"} 4; {dc=\"b\"} NaN");
    BOOST_TEST(sheet.eval("sum(load) without (host)") == "{dc=\"a\"} 4; {dc=\"b\"} NaN");
    BOOST_TEST(sheet.eval("count(load)") == "{} 4");
    BOOST_TEST(sheet.eval("count by (gone) (load)") == "{} 4");
    BOOST_TEST(sheet.eval("count without () (load)") ==
               "{dc=\"a\", host=\"1\"} 1; {dc=\"a\", host=\"2\"} 1; {dc=\"b\", host=\"1\"} 1; "
               "{dc=\"b\", host=\"2\"} 1");
    BOOST_TEST(sheet.eval("count by (__name__, dc) (load)") ==
               "load{dc=\"a\"} 2; load{dc=\"b\"} 2");
    BOOST_TEST(sheet.eval("sum(nothing)") == "");
}

BOOST_AUTO_TEST_CASE(reduce_each_group) {
    const Sheet sheet = servers();
    const auto by_dc = [&](const std::string& op) {
        return sheet.eval(op + " by (dc) (load{host=~\"1|2\"})");
    };
    BOOST_TEST(by_dc("avg") == "{dc=\"a\"} 2; {dc=\"b\"} NaN");
    BOOST_TEST(by_dc("min") == "{dc=\"a\"} 1; {dc=\"b\"} 10");
    BOOST_TEST(by_dc("max") == "{dc=\"a\"} 3; {dc=\"b\"} 10");
    BOOST_TEST(by_dc("group") == "{dc=\"a\"} 1; {dc=\"b\"} 1");
    BOOST_TEST(by_dc("stddev") == "{dc=\"a\"} 1; {dc=\"b\"} NaN");
    BOOST_TEST(by_dc("stdvar") == "{dc=\"a\"} 1; {dc=\"b\"} NaN");
    BOOST_TEST(sheet.eval("quantile by (dc) (0.5, load{dc=\"a\"})") == "{dc=\"a\"} 2");
    BOOST_TEST(sheet.eval("quantile(1.5, load{dc=\"a\"})") == "{} +Inf");
}

BOOST_AUTO_TEST_CASE(the_best_k_keep_their_labels_nan_last) {
    const Sheet sheet = servers();
    BOOST_TEST(sheet.eval_ordered("topk(2, load)") ==
               "load{dc=\"b\", host=\"1\"} 10; load{dc=\"a\", host=\"2\"} 3");
    BOOST_TEST(sheet.eval_ordered("bottomk(2, load)") ==
               "load{dc=\"a\", host=\"1\"} 1; load{dc=\"a\", host=\"2\"} 3");
    BOOST_TEST(sheet.eval("topk by (dc) (1, load)") ==
               "load{dc=\"a\", host=\"2\"} 3; load{dc=\"b\", host=\"1\"} 10");
    BOOST_TEST(sheet.eval_ordered("topk(9, load)").ends_with("load{dc=\"b\", host=\"2\"} NaN"));
    BOOST_TEST(sheet.eval("topk(0, load)") == "");
    BOOST_TEST(sheet.eval("topk(-1, load)") == "");
    BOOST_TEST(sheet.eval("topk(NaN, load)") == "error: Parameter value is NaN");
    BOOST_TEST(sheet.eval("topk(Inf, load)") == "error: Scalar value +Inf overflows int64");
    BOOST_TEST(sheet.eval("topk(scalar(nothing), load)") == "error: Parameter value is NaN");
}

BOOST_AUTO_TEST_CASE(count_values_writes_large_values_with_the_digits_that_count) {
    Sheet sheet("1m");
    sheet.load("v", "12345678901234567890 -1e23 1e-7");
    BOOST_TEST(sheet.eval("count_values(\"n\", v)") == "{n=\"12345678901234567000\"} 1");
    BOOST_TEST(sheet.eval("count_values(\"n\", v)", "1m") == "{n=\"-100000000000000000000000\"} 1");
    BOOST_TEST(sheet.eval("count_values(\"n\", v)", "2m") == "{n=\"0.0000001\"} 1");
}

BOOST_AUTO_TEST_CASE(count_values_labels_each_value) {
    Sheet sheet;
    sheet.load("v{a=\"1\"}", "6").load("v{a=\"2\"}", "6").load("v{a=\"3\"}", "1e21");
    BOOST_TEST(sheet.eval("count_values(\"n\", v)") ==
               "{n=\"1000000000000000000000\"} 1; {n=\"6\"} 2");
    BOOST_TEST(sheet.eval("count_values by (a) (\"n\", v{a=\"1\"})") == "{a=\"1\", n=\"6\"} 1");
    BOOST_TEST(sheet.eval("count_values without (a) (\"a\", v)") == "{} 3");
    BOOST_TEST(sheet.eval("count_values(\"\", v)") == "error: invalid label name \"\"");
}

BOOST_AUTO_TEST_CASE(every_aggregation_knows_one_sample_nan_and_nothing) {
    Sheet sheet("1m");
    sheet.load("one{a=\"x\"}", "4 stale").load("nans{a=\"x\"}", "NaN").load("nans{a=\"y\"}", "NaN");
    sheet.load("infs{a=\"x\"}", "Inf").load("infs{a=\"y\"}", "-Inf").load("infs{a=\"z\"}", "1");
    struct Case {
        const char* op;
        const char* one;
        const char* nan;
        const char* inf;
    };
    const Case cases[] = {
        {"sum(", "4", "NaN", "NaN"},
        {"avg(", "4", "NaN", "NaN"},
        {"min(", "4", "NaN", "-Inf"},
        {"max(", "4", "NaN", "+Inf"},
        {"count(", "1", "2", "3"},
        {"group(", "1", "1", "1"},
        {"stddev(", "0", "NaN", "NaN"},
        {"stdvar(", "0", "NaN", "NaN"},
        {"quantile(0.5, ", "4", "NaN", "NaN"},
        {"quantile(-1, ", "-Inf", "-Inf", "-Inf"},
        {"quantile(NaN, ", "NaN", "NaN", "NaN"},
    };
    for (const Case& known : cases) {
        BOOST_TEST_CONTEXT(known.op) {
            const std::string op = known.op;
            BOOST_TEST(sheet.eval(op + "one)") == std::string("{} ") + known.one);
            BOOST_TEST(sheet.eval(op + "nans)") == std::string("{} ") + known.nan);
            BOOST_TEST(sheet.eval(op + "infs)") == std::string("{} ") + known.inf);
            BOOST_TEST(sheet.eval(op + "gone)") == "");
            BOOST_TEST(sheet.eval(op + "one)", "1m") == "");
            BOOST_TEST(sheet.eval(op + "1)").starts_with("error: "));
            BOOST_TEST(sheet.eval(op + "one[5m])").starts_with("error: "));
        }
    }
    for (const char* bad : {"sum(one, one)", "topk(one)", "topk(\"a\", one)", "quantile(one, one)",
                            "count_values(1, one)", "sum() by (a)", "sum by (a) (one) by (a)"}) {
        BOOST_TEST(sheet.eval(bad).starts_with("error: "), bad);
    }
    BOOST_TEST(sheet.eval("bottomk(1, gone)") == "");
    BOOST_TEST(sheet.eval("topk(1, nans{a=\"x\"})") == "nans{a=\"x\"} NaN");
    BOOST_TEST(sheet.eval("count_values(\"v\", nans)") == "{v=\"NaN\"} 2");
    BOOST_TEST(sheet.eval("count_values(\"v\", infs{a=\"y\"})") == "{v=\"-Inf\"} 1");
    BOOST_TEST(sheet.eval("limitk(0, infs)") == "");
    BOOST_TEST(sheet.eval("count(limit_ratio(1, infs))") == "{} 3");
    BOOST_TEST(sheet.eval("limit_ratio(0, infs)") == "");
}

BOOST_AUTO_TEST_CASE(means_survive_large_values_and_infinities) {
    Sheet sheet;
    sheet.load("h{a=\"1\"}", "1.7e308").load("h{a=\"2\"}", "1.7e308").load("h{a=\"3\"}", "1.7e308");
    sheet.load("i{a=\"1\"}", "Inf").load("i{a=\"2\"}", "5").load("i{a=\"3\"}", "Inf");
    sheet.load("k{a=\"1\"}", "1e100").load("k{a=\"2\"}", "1").load("k{a=\"3\"}", "-1e100");
    BOOST_TEST(sheet.eval("avg(h) / 1e308") == "{} 1.7");
    BOOST_TEST(sheet.eval("sum(h)") == "{} +Inf");
    BOOST_TEST(sheet.eval("avg(i)") == "{} +Inf");
    BOOST_TEST(sheet.eval("sum(k)") == "{} 1");
}

BOOST_AUTO_TEST_CASE(limits_choose_some_and_ratios_complement_each_other) {
    Sheet sheet;
    for (int i = 0; i < 40; ++i)
        sheet.load("m{i=\"" + std::to_string(i) + "\"}", "1");
    BOOST_TEST(sheet.eval("count(limitk(7, m))") == "{} 7");
    BOOST_TEST(sheet.eval("count(limitk(100, m) and m)") == "{} 40");
    BOOST_TEST(sheet.eval("count(limit_ratio(0.3, m) or limit_ratio(-0.7, m))") == "{} 40");
    BOOST_TEST(sheet.eval("count(limit_ratio(0.3, m) and limit_ratio(-0.7, m))") == "");
    BOOST_TEST(sheet.eval("count(limit_ratio(1, m))") == "{} 40");
    BOOST_TEST(sheet.eval("limit_ratio(0, m)") == "");
}

BOOST_AUTO_TEST_SUITE_END()

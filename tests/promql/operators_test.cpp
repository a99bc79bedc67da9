#include <boost/test/unit_test.hpp>

#include "tests/promql/sheet.h"

using pilotlight::promql::Compatibility;
using pilotlight::promql::Sheet;

namespace {

Sheet two_sides() {
    Sheet sheet;
    sheet.load("errors{method=\"get\", code=\"500\"}", "24")
        .load("errors{method=\"get\", code=\"404\"}", "30")
        .load("errors{method=\"post\", code=\"500\"}", "6")
        .load("requests{method=\"get\"}", "600")
        .load("requests{method=\"del\"}", "34")
        .load("requests{method=\"post\"}", "120");
    return sheet;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(operators)

BOOST_AUTO_TEST_CASE(scalars) {
    const Sheet sheet;
    BOOST_TEST(sheet.eval("1 + 2 * 3 ^ 2 ^ 0") == "7");
    BOOST_TEST(sheet.eval("-2 ^ 2") == "-4");
    BOOST_TEST(sheet.eval("7 % 4") == "3");
    BOOST_TEST(sheet.eval("-7 % 4") == "-3");
    BOOST_TEST(sheet.eval("1 / 0") == "+Inf");
    BOOST_TEST(sheet.eval("-1 / 0") == "-Inf");
    BOOST_TEST(sheet.eval("0 / 0") == "NaN");
    BOOST_TEST(sheet.eval("0 % 0") == "NaN");
    BOOST_TEST(sheet.eval("1 > bool 2") == "0");
    BOOST_TEST(sheet.eval("NaN == bool NaN") == "0");
    BOOST_TEST(sheet.eval("NaN != bool NaN") == "1");
    BOOST_TEST(sheet.eval("1 atan2 1 - pi() / 4") == "0");
    BOOST_TEST(sheet.eval("(1)") == "1");
    BOOST_TEST(sheet.eval("\"text\"") == "\"text\"");
    BOOST_TEST(sheet.eval("1m + 1") == "61");
}

BOOST_AUTO_TEST_CASE(a_comparison_keeps_the_vectors_value_and_name) {
    Sheet sheet;
    sheet.load("g{a=\"x\"}", "1").load("g{a=\"y\"}", "5").load("g{a=\"z\"}", "NaN");
    BOOST_TEST(sheet.eval("g > 3") == "g{a=\"y\"} 5");
    BOOST_TEST(sheet.eval("3 < g") == "g{a=\"y\"} 5");
    BOOST_TEST(sheet.eval("g != 1") == "g{a=\"y\"} 5; g{a=\"z\"} NaN");
    BOOST_TEST(sheet.eval("g > bool 3") == "{a=\"x\"} 0; {a=\"y\"} 1; {a=\"z\"} 0");
    BOOST_TEST(sheet.eval("g + 1") == "{a=\"x\"} 2; {a=\"y\"} 6; {a=\"z\"} NaN");
    BOOST_TEST(sheet.eval("10 - g") == "{a=\"x\"} 9; {a=\"y\"} 5; {a=\"z\"} NaN");
    BOOST_TEST(sheet.eval("-g{a=\"x\"}") == "{a=\"x\"} -1");
    BOOST_TEST(sheet.eval("+g{a=\"x\"}") == "g{a=\"x\"} 1");
}

BOOST_AUTO_TEST_CASE(every_operator_at_the_edges_of_numbers) {
    const Sheet sheet;
    const std::pair<const char*, const char*> cases[] = {
        {"Inf + -Inf", "NaN"},    {"Inf - Inf", "NaN"},     {"0 * Inf", "NaN"},
        {"-0 + -0", "-0"},        {"0 * -1", "-0"},         {"1 / -0", "-Inf"},
        {"Inf / Inf", "NaN"},     {"5 % Inf", "5"},         {"Inf % 5", "NaN"},
        {"-5.5 % 2", "-1.5"},     {"5 % -3", "2"},          {"0 ^ 0", "1"},
        {"NaN ^ 0", "1"},         {"1 ^ NaN", "1"},         {"(-8) ^ (1/3)", "NaN"},
        {"2 ^ -1", "0.5"},        {"Inf ^ 0", "1"},         {"0 ^ -1", "+Inf"},
        {"2 ^ 3 ^ 2", "512"},     {"0 atan2 0", "0"},       {"NaN atan2 1", "NaN"},
        {"NaN > bool 1", "0"},    {"NaN <= bool NaN", "0"}, {"Inf >= bool Inf", "1"},
        {"-Inf < bool Inf", "1"}, {"-0 == bool 0", "1"},    {"1 != bool 1", "0"},
        {"1e308 * 10", "+Inf"},   {"5e-324 / 2", "0"},      {"-(1)", "-1"},
    };
    for (const auto& [text, value] : cases)
        BOOST_TEST(sheet.eval(text) == value, text);
    for (const char* bad : {"1 > 2", "1 and 2", "1 + bool 2", "\"a\" + 1", "x[5m] + 1", "-\"a\"",
                            "1 + on(a) 2", "1 unless x"}) {
        BOOST_TEST(sheet.eval(bad).starts_with("error: "), bad);
    }
}

BOOST_AUTO_TEST_CASE(set_operators_at_their_edges) {
    Sheet sheet("1m");
    sheet.load("l{k=\"1\"}", "NaN stale").load("r{k=\"1\"}", "0 0");
    // What counts is whether there is a sample, not which.
    BOOST_TEST(sheet.eval("l and r") == "l{k=\"1\"} NaN");
    BOOST_TEST(sheet.eval("l unless r") == "");
    BOOST_TEST(sheet.eval("l or r") == "l{k=\"1\"} NaN");
    BOOST_TEST(sheet.eval("l or r", "1m") == "r{k=\"1\"} 0");
    BOOST_TEST(sheet.eval("l and r", "1m") == "");
    BOOST_TEST(sheet.eval("gone or gone") == "");
    BOOST_TEST(sheet.eval("gone unless l") == "");
    BOOST_TEST(sheet.eval("l or ignoring(k) r") == "l{k=\"1\"} NaN");
    BOOST_TEST(sheet.eval("l and on(gone) r") == "l{k=\"1\"} NaN");
    BOOST_TEST(sheet.eval("l and on(k) group_left r").starts_with("error: "));
}

BOOST_AUTO_TEST_CASE(one_to_one_matches_by_all_labels_or_those_said) {
    const Sheet sheet = two_sides();
    BOOST_TEST(sheet.eval("errors{code=\"500\"} / ignoring(code) requests") ==
               "{method=\"get\"} 0.04; {method=\"post\"} 0.05");
    BOOST_TEST(sheet.eval("errors{code=\"500\"} / on(method) requests") ==
               "{method=\"get\"} 0.04; {method=\"post\"} 0.05");
    BOOST_TEST(sheet.eval("errors{code=\"500\"} / requests") == "");
    BOOST_TEST(sheet.eval("requests > on(method) errors{code=\"500\"}") ==
               "{method=\"get\"} 600; {method=\"post\"} 120");
    BOOST_TEST(sheet.eval("requests > ignoring(code) errors{code=\"500\"}") ==
               "requests{method=\"get\"} 600; requests{method=\"post\"} 120");
    BOOST_TEST(sheet.eval("requests > bool ignoring(code) errors{code=\"500\"}") ==
               "{method=\"get\"} 1; {method=\"post\"} 1");
}

BOOST_AUTO_TEST_CASE(many_to_one_takes_labels_from_the_one) {
    Sheet sheet = two_sides();
    BOOST_TEST(sheet.eval("errors / ignoring(code) group_left requests") ==
               "{code=\"404\", method=\"get\"} 0.05; {code=\"500\", method=\"get\"} 0.04; "
               "{code=\"500\", method=\"post\"} 0.05");
    BOOST_TEST(sheet.eval("requests - on(method) group_right errors{code=\"500\"}") ==
               "{code=\"500\", method=\"get\"} 576; {code=\"500\", method=\"post\"} 114");
    sheet.load("info{method=\"get\", owner=\"me\"}", "1");
    BOOST_TEST(sheet.eval("errors{code=\"500\"} * on(method) group_left(owner) info") ==
               "{code=\"500\", method=\"get\", owner=\"me\"} 24");
    BOOST_TEST(sheet.eval("errors{code=\"500\"} * on(method) group_left(code) info") ==
               "{method=\"get\"} 24");
}

BOOST_AUTO_TEST_CASE(ambiguous_matches_are_errors) {
    const Sheet sheet = two_sides();
    BOOST_TEST(sheet.eval("requests / on(method) errors")
                   .starts_with("error: found duplicate series for the match group "
                                "{method=\"get\"} on the right hand-side of the operation: "
                                "[{__name__=\"errors\", "));
    BOOST_TEST(sheet.eval("requests / on(method) errors")
                   .ends_with("];many-to-many matching not allowed: matching labels must be unique "
                              "on one side"));
    BOOST_TEST(sheet.eval("errors / on(method) requests") ==
               "error: multiple matches for labels: many-to-one matching must be explicit "
               "(group_left/group_right)");
    BOOST_TEST(sheet.eval("errors * on(method) group_left(code) requests") ==
               "error: multiple matches for labels: grouping labels must ensure unique matches");
    BOOST_TEST(
        sheet.eval("errors / on(method) group_right requests").find("on the left hand-side") !=
        std::string::npos);
    // With nothing on one side there is nothing to be ambiguous about.
    BOOST_TEST(sheet.eval("nothing / on(method) errors") == "");
}

BOOST_AUTO_TEST_CASE(set_operators) {
    const Sheet sheet = two_sides();
    BOOST_TEST(sheet.eval("requests and on(method) errors") ==
               "requests{method=\"get\"} 600; requests{method=\"post\"} 120");
    BOOST_TEST(sheet.eval("requests unless on(method) errors") == "requests{method=\"del\"} 34");
    BOOST_TEST(sheet.eval("requests{method=\"del\"} or errors{method=\"post\"}") ==
               "errors{code=\"500\", method=\"post\"} 6; requests{method=\"del\"} 34");
    BOOST_TEST(sheet.eval("requests or on() errors") == sheet.eval("requests"));
    BOOST_TEST(sheet.eval("requests and on() vector(1)") == sheet.eval("requests"));
    BOOST_TEST(sheet.eval("requests and nothing") == "");
    BOOST_TEST(sheet.eval("requests unless nothing") == sheet.eval("requests"));
}

BOOST_AUTO_TEST_CASE(arithmetic_between_vectors_takes_the_name_at_once) {
    for (const Compatibility generation :
         {Compatibility::prometheus2, Compatibility::prometheus3}) {
        Sheet sheet("1m", generation);
        sheet.load("got{k=\"1\"}", "4").load("lost{k=\"1\"}", "8").load("per{k=\"1\"}", "2");
        BOOST_TEST(sheet.eval("label_replace(got * on(k) per, \"of\", \"$1\", \"__name__\", "
                              "\"(.+)\")") == "{k=\"1\"} 8");
        BOOST_TEST(
            sheet.eval("{__name__=~\"got|lost\"} / on(k) group_left per") ==
            "error: multiple matches for labels: grouping labels must ensure unique matches");
        // The name can be asked for from the other side.
        BOOST_TEST(sheet.eval("got * on(k) group_left(__name__) per") == "per{k=\"1\"} 8");
        BOOST_TEST(sheet.eval("got > on(k) group_left(__name__) per") == "per{k=\"1\"} 4");
        BOOST_TEST(sheet.eval("got > bool on(k) group_left(__name__) per") == "{k=\"1\"} 1");
    }
}

BOOST_AUTO_TEST_CASE(in_3_a_double_match_is_an_error_though_a_comparison_leaves_it_out) {
    Sheet sheet;
    sheet.load("got{k=\"1\"}", "4").load("lost{k=\"1\"}", "1").load("per{k=\"1\"}", "2");
    const char* text = "{__name__=~\"got|lost\"} > on(k) per";
    BOOST_TEST(sheet.eval(text) ==
               "error: multiple matches for labels: many-to-one matching must be explicit "
               "(group_left/group_right)");
    sheet.options.compatibility = Compatibility::prometheus2;
    BOOST_TEST(sheet.eval(text) == "{k=\"1\"} 4");
}

BOOST_AUTO_TEST_CASE(missing_sides_can_be_filled) {
    Sheet sheet;
    sheet.load("l{a=\"1\"}", "1")
        .load("l{a=\"2\"}", "2")
        .load("r{a=\"2\"}", "20")
        .load("r{a=\"3\"}", "30");
    BOOST_TEST(sheet.eval("l + fill(0) r") == "{a=\"1\"} 1; {a=\"2\"} 22; {a=\"3\"} 30");
    BOOST_TEST(sheet.eval("l + fill_left(100) r") == "{a=\"2\"} 22; {a=\"3\"} 130");
    BOOST_TEST(sheet.eval("l + fill_right(100) r") == "{a=\"1\"} 101; {a=\"2\"} 22");
    BOOST_TEST(sheet.eval("l - fill(-1) nothing") == "{a=\"1\"} 2; {a=\"2\"} 3");
}

BOOST_AUTO_TEST_CASE(names_are_dropped_late_in_3_and_at_once_in_2) {
    Sheet sheet;
    sheet.load("a{x=\"1\"}", "1").load("b{x=\"1\"}", "2");
    const char* both = "-{x=\"1\"}";
    BOOST_TEST(sheet.eval(both) == "error: vector cannot contain metrics with the same labelset");
    BOOST_TEST(sheet.eval("sum by (__name__) (-{x=\"1\"})") ==
               "error: vector cannot contain metrics with the same labelset");
    BOOST_TEST(sheet.eval("label_replace(-{x=\"1\"}, \"was\", \"$1\", \"__name__\", \"(.*)\")") ==
               "{was=\"a\", x=\"1\"} -1; {was=\"b\", x=\"1\"} -2");
    BOOST_TEST(sheet.eval("sum(-{x=\"1\"})") == "{} -3");
    sheet.options.compatibility = Compatibility::prometheus2;
    BOOST_TEST(sheet.eval(both) == "error: vector cannot contain metrics with the same labelset");
    BOOST_TEST(sheet.eval("sum(-{x=\"1\"})") ==
               "error: vector cannot contain metrics with the same labelset");
}

BOOST_AUTO_TEST_SUITE_END()

#include "core/matcher.h"

#include <boost/test/unit_test.hpp>

using pilotlight::all_match;
using pilotlight::Labels;
using pilotlight::Matcher;
using pilotlight::Matchers;
using pilotlight::parse_matchers;

namespace {

std::string printed(std::string_view text) {
    const auto matchers = parse_matchers(text);
    if (!matchers) return "error: " + matchers.error().message;
    std::string out;
    for (const Matcher& matcher : *matchers)
        out += (out.empty() ? "" : ",") + matcher.to_string();
    return out;
}

bool matches(std::string_view text, const Labels& labels) {
    return all_match(parse_matchers(text).value(), labels);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(matcher)

BOOST_AUTO_TEST_CASE(each_operator_does_what_it_says) {
    const Labels labels{{"severity", "critical"}, {"job", "api"}};
    BOOST_TEST(matches(R"(severity="critical")", labels));
    BOOST_TEST(!matches(R"(severity="crit")", labels));
    BOOST_TEST(matches(R"(severity!="warning")", labels));
    BOOST_TEST(!matches(R"(severity!="critical")", labels));
    BOOST_TEST(matches(R"(severity=~"crit.*")", labels));
    BOOST_TEST(matches(R"(job!~"web|db")", labels));
    BOOST_TEST(!matches(R"(job!~"web|api")", labels));
}

BOOST_AUTO_TEST_CASE(regular_expressions_are_anchored_at_both_ends) {
    const Labels labels{{"job", "api"}};
    BOOST_TEST(!matches(R"(job=~"ap")", labels));
    BOOST_TEST(!matches(R"(job=~"p|x")", labels));
    BOOST_TEST(matches(R"(job=~".+")", Labels{{"job", "two\nlines"}}));
}

BOOST_AUTO_TEST_CASE(an_absent_label_is_empty) {
    BOOST_TEST(matches(R"(team="")", Labels{}));
    BOOST_TEST(matches(R"(team=~".*")", Labels{}));
    BOOST_TEST(!matches(R"(team=~".+")", Labels{}));
    BOOST_TEST(matches(R"(team!="db")", Labels{}));
}

BOOST_AUTO_TEST_CASE(no_matcher_matches_everything) {
    BOOST_TEST(all_match({}, Labels{}));
    BOOST_TEST(matches("{}", Labels{}));
}

BOOST_AUTO_TEST_CASE(parses_what_alertmanager_parses) {
    BOOST_TEST(printed(R"(foo=bar)") == R"(foo="bar")");
    BOOST_TEST(printed(R"( foo = "bar" )") == R"(foo="bar")");
    BOOST_TEST(printed(R"({foo=~"ba.*", instance!="x" })") == R"(foo=~"ba.*",instance!="x")");
    BOOST_TEST(printed(R"(foo="a,b",baz!~"c")") == R"(foo="a,b",baz!~"c")");
    BOOST_TEST(printed(R"(foo="a\"b\\c\nd")") == R"(foo="a\"b\\c\nd")");
    BOOST_TEST(printed(R"(path=~"\d+")") == R"(path=~"\\d+")");
    BOOST_TEST(printed(R"(foo=)") == R"(foo="")");
    BOOST_TEST(printed(R"(a="b",)") == R"(a="b")");
    BOOST_TEST(printed(R"(expr="a=b")") == R"(expr="a=b")");
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_matcher) {
    for (const char* text : {"foo", "=bar", "{a=b", "a=b}", "a==~b\"", "a b=c", "a=\"b", "a=b\"c",
                             "a=\"b\"c", ",", "a=~\"(\""}) {
        BOOST_TEST(!parse_matchers(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(parses_any_name_and_gos_escapes_in_quotes) {
    BOOST_TEST(printed(R"("service.name"="api")") == R"("service.name"="api")");
    BOOST_TEST(printed(R"({"ключ"=~"a|b", c!=d})") == R"("ключ"=~"a|b",c!="d")");
    BOOST_TEST(printed("a=\"tab\\there\"") == "a=\"tab\there\"");
    BOOST_TEST(printed(R"(a="\u00e9\x41")") == "a=\"éA\"");
    BOOST_TEST(printed("ключ=значение") == "\"ключ\"=\"значение\"");
    BOOST_TEST(printed("job=two words") == R"(job="two words")");
}

BOOST_AUTO_TEST_CASE(prints_with_escapes) {
    const auto matcher = Matcher::make("a", Matcher::Op::not_equal, "x\"y\n");
    BOOST_TEST(matcher.value().to_string() == R"(a!="x\"y\n")");
}

BOOST_AUTO_TEST_SUITE_END()

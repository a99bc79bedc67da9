#include "exporters/query/reads.h"

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include "rules/promql/parser.h"

using namespace pilotlight;
using namespace pilotlight::query;
using namespace std::chrono_literals;

namespace {

/// Each read as `SELECTOR FROM..TO` in seconds; evaluated from 1000 to 2000, each 10 seconds, with
/// a lookback of 300.
std::string reads(const std::string& expression) {
    const auto expr = promql::parse(expression);
    BOOST_TEST_REQUIRE(expr.has_value(), expression);
    const auto found =
        reads_of(**expr, {.start = WallTime(1000s), .end = WallTime(2000s), .step = 10s}, 5min);
    if (!found) return "error: " + found.error();
    std::string text;
    for (const Read& read : *found) {
        if (!text.empty()) text += "; ";
        for (const Matcher& matcher : read.matchers)
            text += matcher.to_string() + " ";
        text += fmt::format("{}..{}", read.from.time_since_epoch().count() / 1000,
                            read.to.time_since_epoch().count() / 1000);
    }
    return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reads_of_expressions)

BOOST_AUTO_TEST_CASE(whatever_an_evaluation_looks_at_is_read) {
    for (const auto& [expression, wanted] :
         std::initializer_list<std::pair<std::string, std::string>>{
             {"1", ""},
             {"a", "__name__=\"a\" 700..2000"},
             {"a + a", "__name__=\"a\" 700..2000"},
             {"a offset 100s", "__name__=\"a\" 600..1900"},
             {"a offset -100s", "__name__=\"a\" 800..2100"},
             {"rate(a[50s])", "__name__=\"a\" 650..2000"},
             {"a @ 5000", "__name__=\"a\" 4700..5000"},
             {"a @ start()", "__name__=\"a\" 700..1000"},
             {"rate(a[50s] @ end() offset 10s)", "__name__=\"a\" 1640..1990"},
             {"max_over_time(a[100s:10s])", "__name__=\"a\" 600..2000"},
             {"max_over_time(rate(a[50s])[100s:10s] offset 7s)", "__name__=\"a\" 543..1993"},
             {"max_over_time((a @ 5000)[100s:10s])", "__name__=\"a\" 4700..5000"},
             {"max_over_time(a[100s:10s] @ 5000)", "__name__=\"a\" 4600..5000"},
             {"rate(a[step()])", "__name__=\"a\" 690..2000"},
             {"a{x=\"1\"} or a{x=\"2\"} offset 1h",
              "x=\"1\" __name__=\"a\" -2900..2000; x=\"2\" __name__=\"a\" -2900..2000"},
             {"a or b offset 100s", "__name__=\"a\" 700..2000; __name__=\"b\" 600..1900"},
             {"a offset 100s or {x=\"1\"}", "__name__=\"a\" 600..2000; x=\"1\" 600..2000"},
         }) {
        const std::string read = reads(expression);
        BOOST_TEST(read == wanted, expression << ": " << read);
    }
}

BOOST_AUTO_TEST_CASE(too_many_selectors_are_refused) {
    std::string expression = "{a=\"0\"}";
    // As a balanced tree, which is not deep.
    for (int i = 0; i < 11; ++i) {
        expression = "(" + expression + " or " + expression + ")";
    }
    std::string distinct;
    int number = 0;
    for (const char c : expression) {
        if (c == '0') {
            distinct += std::to_string(number++);
        } else {
            distinct += c;
        }
    }
    BOOST_TEST(number == 2048);
    BOOST_TEST(reads(distinct) == "error: the expression has more than 1000 different selectors");
    BOOST_TEST(reads(expression) == "a=\"0\" 700..2000");
}

BOOST_AUTO_TEST_SUITE_END()

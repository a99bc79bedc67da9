#include "rules/promql/selectors.h"

#include <boost/test/unit_test.hpp>
#include <string>

#include "rules/promql/parser.h"

using namespace pilotlight::promql;

namespace {

/// `name reach`, `@` behind where a time is fixed.
std::string uses(std::string_view text) {
    const auto parsed = parse(text);
    BOOST_REQUIRE(parsed.has_value());
    std::string out;
    for (const SelectorUse& use : selectors(**parsed)) {
        if (!out.empty()) out += ", ";
        out += use.metric_name + " " + pilotlight::format_duration(use.reach);
        if (use.fixed_time) out += " @";
    }
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(selector_uses)

BOOST_AUTO_TEST_CASE(a_plain_selector_reads_only_the_newest) {
    BOOST_TEST(uses("up == 0") == "up 0s");
    BOOST_TEST(uses("time()") == "");
}

BOOST_AUTO_TEST_CASE(ranges_offsets_and_subqueries_add_up) {
    BOOST_TEST(uses("rate(x[5m])") == "x 5m");
    BOOST_TEST(uses("rate(x[5m] offset 1h)") == "x 1h5m");
    BOOST_TEST(uses("x offset 1h") == "x 1h5m");
    BOOST_TEST(uses("x offset -1h") == "x 0s");
    BOOST_TEST(uses("max_over_time(rate(x[5m])[1h:1m])") == "x 1h5m");
    BOOST_TEST(uses("max_over_time(x[1h:1m])") == "x 1h5m");
}

BOOST_AUTO_TEST_CASE(finds_every_selector_and_its_name) {
    BOOST_TEST(uses("a / on(x) sum by (x) (b{c=\"d\"}) > scalar(e)") == "a 0s, b 0s, e 0s");
    BOOST_TEST(uses("{__name__=\"a\"} or {__name__=~\"b.*\"} or {\"c.d\"}") == "a 0s,  0s, c.d 0s");
    BOOST_TEST(uses("x @ 5 + y") == "x 0s @, y 0s");
}

BOOST_AUTO_TEST_SUITE_END()

#include "alerting/route_trace.h"

#include <boost/test/unit_test.hpp>

#include <string>

#include "tests/alerting/routing_text.h"

using namespace pilotlight;
using namespace pilotlight::alerting;

namespace {

constexpr const char* kTree = R"(
route:
  receiver: root
  routes:
    - receiver: a
      matchers: [team=db]
      continue: true
      routes:
        - {receiver: b, matchers: [severity=critical]}
        - {receiver: c}
    - {receiver: d, matchers: ['team=~"d.*"', severity!=info]}
    - {receiver: e}
receivers: [{name: root}, {name: a}, {name: b}, {name: c}, {name: d}, {name: e}]
)";

/// `root:passed_on(a:no_match d:...)`.
std::string shown(const RouteTrace& trace) {
    std::string text = trace.route->receiver + ":" + std::string(to_string(trace.verdict));
    if (trace.routes.empty()) return text;
    text += "(";
    for (const RouteTrace& below : trace.routes)
        text += (text.back() == '(' ? "" : " ") + shown(below);
    return text + ")";
}

std::string traced(const Labels& labels) {
    const SharedRouting routing = testing::routing(kTree);
    return shown(trace_routes(routing->route, labels));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(route_trace)

BOOST_AUTO_TEST_CASE(what_continues_lets_the_next_be_asked) {
    BOOST_TEST(traced(Labels{{"team", "db"}, {"severity", "critical"}}) ==
               "root:passed_on(a:passed_on(b:taken c:not_asked) d:taken e:not_asked)");
}

BOOST_AUTO_TEST_CASE(below_what_does_not_match_nothing_is_asked) {
    BOOST_TEST(traced(Labels{{"team", "web"}}) ==
               "root:passed_on(a:no_match(b:not_asked c:not_asked) d:no_match e:taken)");
}

BOOST_AUTO_TEST_CASE(the_root_takes_what_no_other_takes) {
    const SharedRouting routing = testing::routing(
        "route: {receiver: root, routes: [{receiver: a, matchers: [team=db]}]}\n"
        "receivers: [{name: root}, {name: a}]\n");
    BOOST_TEST(shown(trace_routes(routing->route, Labels{})) == "root:taken(a:no_match)");
}

BOOST_AUTO_TEST_CASE(every_matcher_has_its_verdict) {
    const SharedRouting routing = testing::routing(kTree);
    const RouteTrace trace = trace_routes(routing->route, Labels{{"team", "dev"}});
    const auto& matched = trace.routes.at(1).matched;
    BOOST_REQUIRE(matched.size() == 2U);
    BOOST_TEST(matched[0].matcher == "team=~\"d.*\"");
    BOOST_TEST(matched[0].value == "dev");
    BOOST_TEST(matched[0].matches);
    BOOST_TEST(matched[1].value == "");
    BOOST_TEST(matched[1].matches);
}

BOOST_AUTO_TEST_SUITE_END()

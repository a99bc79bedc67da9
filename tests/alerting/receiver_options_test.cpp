#include "alerting/receiver_options.h"

#include <boost/test/unit_test.hpp>

#include "tests/alerting/routing_text.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using namespace std::chrono_literals;

namespace {

struct Fixture {
    SharedRouting config = routing(R"(
route: {receiver: a}
receivers:
  - {name: a, webhook_configs: [{url: 'http://127.0.0.1:9/'}]}
  - {name: b, webhook_configs: [{url: 'http://127.0.0.1:9/'}]}
  - {name: c, webhook_configs: [{url: 'http://127.0.0.1:9/'}]}
  - {name: nobody}
)");
    std::vector<config::ReceiverOptions> options;

    void add(const std::string& name, const std::string& fallback) {
        config::ReceiverOptions one;
        one.name = name;
        one.fallback = fallback;
        one.where = {"p.yaml", static_cast<int>(options.size()) + 1, 3};
        one.fallback_where = {"p.yaml", static_cast<int>(options.size()) + 1, 20};
        options.push_back(std::move(one));
    }
    std::string mistakes() {
        const auto read = with_receiver_options(config, options);
        std::string all;
        if (read) return all;
        for (const Error& error : read.error())
            all += error.to_string() + "\n";
        return all;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(receiver_options, Fixture)

BOOST_AUTO_TEST_CASE(are_put_to_their_receivers) {
    add("a", "b");
    options[0].failures = 7;
    options[0].hold = 9min;
    options[0].give_up_after = 3h;
    const auto read = with_receiver_options(config, options);
    BOOST_REQUIRE(read.has_value());
    const ReceiverConfig& a = *(*read)->find_receiver("a");
    BOOST_TEST(a.fallback == "b");
    BOOST_TEST(a.fallback_failures == 7);
    BOOST_CHECK(a.fallback_for == 9min);
    BOOST_CHECK(a.give_up_after == 3h);
    BOOST_TEST((*read)->find_receiver("b")->fallback.empty());
    BOOST_TEST(config->find_receiver("a")->fallback.empty());
}

BOOST_AUTO_TEST_CASE(only_pagerduty_with_events_v2_can_be_told_of_changes) {
    config = routing(R"(
route: {receiver: a}
receivers:
  - name: a
    pagerduty_configs: [{routing_key: k}]
    webhook_configs: [{url: 'http://127.0.0.1:9/'}]
  - {name: b, webhook_configs: [{url: 'http://127.0.0.1:9/'}]}
  - {name: c, pagerduty_configs: [{service_key: k}]}
  - {name: d, pagerduty_configs: [{routing_key: k, url: 'http://127.0.0.1:9/proxy'}]}
)");
    for (const char* name : {"a", "b", "c", "d"}) {
        add(name, "");
        options.back().change_events = true;
        options.back().change_events_where = {"p.yaml", static_cast<int>(options.size()), 9};
    }
    const std::string found = mistakes();
    BOOST_TEST(found.find("p.yaml:1:") == std::string::npos);
    for (const char* place : {"p.yaml:2:9: the receiver \"b\"", "p.yaml:3:9: the receiver \"c\"",
                              "p.yaml:4:9: the receiver \"d\""}) {
        BOOST_TEST(found.find(std::string(place) + " cannot be told of changes") !=
                   std::string::npos);
    }
    options.resize(1);
    const auto read = with_receiver_options(config, options);
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST((*read)->find_receiver("a")->change_events);
    BOOST_TEST(!(*read)->find_receiver("b")->change_events);
}

BOOST_AUTO_TEST_CASE(names_that_the_alerting_file_has_not_are_told_with_those_it_has) {
    add("a", "bee");
    add("aa", "b");
    BOOST_TEST(mistakes() ==
               "p.yaml:1:20: the alerting file has no receiver \"bee\", expected one of: a, b, c, "
               "nobody\n"
               "p.yaml:2:3: the alerting file has no receiver \"aa\", expected one of: a, b, c, "
               "nobody\n");
}

BOOST_AUTO_TEST_CASE(a_fallback_that_tells_nobody_is_refused) {
    add("a", "nobody");
    BOOST_TEST(mistakes() ==
               "p.yaml:1:20: the receiver \"nobody\" tells nobody, expected a fallback with at "
               "least one integration\n");
}

BOOST_AUTO_TEST_CASE(circles_of_any_length_are_refused_and_chains_are_not) {
    add("a", "b");
    add("b", "c");
    BOOST_TEST(mistakes() == "");
    add("c", "a");
    BOOST_TEST(mistakes() ==
               "p.yaml:1:20: the fallbacks go round in a circle: a -> b -> c -> a, expected one "
               "that ends\n");
    options.clear();
    add("a", "a");
    BOOST_TEST(mistakes() ==
               "p.yaml:1:20: the fallbacks go round in a circle: a -> a, expected one that ends\n");
}

BOOST_AUTO_TEST_CASE(a_way_into_a_circle_is_told_where_the_circle_is) {
    add("a", "b");
    add("b", "c");
    add("c", "b");
    BOOST_TEST(mistakes() ==
               "p.yaml:2:20: the fallbacks go round in a circle: b -> c -> b, expected one that "
               "ends\n");
}

BOOST_AUTO_TEST_SUITE_END()

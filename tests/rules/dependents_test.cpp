#include "rules/dependents.h"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include "rules/promql/parser.h"
#include "tests/rules/world.h"

using namespace pilotlight;
using rules::at;
using rules::Dependents;
using rules::labels_of;
using rules::World;

namespace {

/// Rules of these expressions, numbered from 0.
Dependents reading(const std::vector<std::string>& expressions) {
    Dependents dependents;
    std::uint32_t number = 0;
    for (const std::string& text : expressions) {
        const auto expr = promql::parse(text);
        BOOST_REQUIRE(expr.has_value());
        dependents.add(number++, promql::selectors(**expr));
    }
    return dependents;
}

SampleBatch batch(const std::vector<std::string>& series) {
    SampleBatch batch;
    for (const std::string& one : series)
        batch.samples.push_back({labels_of(one), 1});
    return batch;
}

using Rules = std::vector<std::uint32_t>;

}  // namespace

BOOST_AUTO_TEST_SUITE(dependents)

BOOST_AUTO_TEST_CASE(a_series_finds_the_rules_that_fix_its_labels) {
    auto known = reading({R"(m{id="1"} > 0)", R"(m{id="2"} > 0)", R"(n{id="1"} > 0)"});
    BOOST_CHECK((known.of(batch({R"(m{id="1"})"})) == Rules{0}));
    BOOST_CHECK((known.of(batch({R"(m{id="2"})", R"(m{id="1"})", R"(m{id="2"})"})) == Rules{0, 1}));
    BOOST_CHECK(known.of(batch({R"(m{id="3"})"})).empty());
    BOOST_CHECK(known.of(batch({"m"})).empty());
}

BOOST_AUTO_TEST_CASE(what_fixes_no_label_is_found_by_any_series_of_its_name) {
    auto known = reading({"m > 0", R"(m{id=~"1|2"} > 0)", R"(m{id!="1"})", R"(m{id=""})", "o"});
    BOOST_CHECK((known.of(batch({R"(m{id="9"})"})) == Rules{0, 1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(a_label_that_all_fix_alike_parts_none) {
    auto known = reading({R"(m{job="x", id="1"})", R"(m{job="x", id="2"})", R"(m{job="x"})"});
    BOOST_CHECK((known.of(batch({R"(m{job="x", id="2"})"})) == Rules{1, 2}));
    BOOST_CHECK((known.of(batch({R"(m{job="y", id="9"})"})).empty()));
}

BOOST_AUTO_TEST_CASE(selectors_without_a_name_are_found_by_names_that_match) {
    auto known = reading({R"({__name__=~"m.*", id="1"})", R"({id="1"})", "other"});
    BOOST_CHECK((known.of(batch({R"(metric{id="1"})"})) == Rules{0, 1}));
    BOOST_CHECK((known.of(batch({R"(x{id="1"})"})) == Rules{1}));
}

BOOST_AUTO_TEST_CASE(each_side_of_an_operator_finds_its_rule) {
    auto known = reading({R"(a{id="1"} and on(id) b{kind="x"} unless c)"});
    for (const char* series : {R"(a{id="1"})", R"(b{kind="x"})", "c"})
        BOOST_CHECK((known.of(batch({series})) == Rules{0}));
    BOOST_CHECK(known.of(batch({R"(a{id="2"})", R"(b{kind="y"})"})).empty());
}

BOOST_AUTO_TEST_CASE(a_rule_that_is_added_later_is_found_too) {
    auto known = reading({R"(m{id="1"})"});
    BOOST_CHECK((known.of(batch({R"(m{id="1"})"})) == Rules{0}));
    const auto expr = promql::parse(R"(m{id="1"})");
    known.add(7, promql::selectors(**expr));
    BOOST_CHECK((known.of(batch({R"(m{id="1"})"})) == Rules{0, 7}));
}

BOOST_AUTO_TEST_CASE(only_rules_that_have_news_are_evaluated) {
    World world(R"(groups:
- name: g
  interval: 1h
  rules:
  - {alert: A, expr: 'up{target="a"} == 0'}
  - {alert: B, expr: 'up{target="b"} == 0'}
  - {alert: Any, expr: 'up == 0'}
)");
    world.tick(0);
    const auto arrive = [&](double seconds, const std::string& series) {
        SampleBatch news = batch({series});
        news.at = at(seconds);
        news.samples[0].value = 0;
        world.store.append(news);
        return world.engine.on_arrival(news, at(seconds));
    };
    BOOST_TEST(arrive(1, R"(up{target="a"})").evaluated == 2U);
    BOOST_TEST(arrive(2, R"(up{target="c"})").evaluated == 1U);
    BOOST_TEST(arrive(3, R"(up{target="b"})").changed.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

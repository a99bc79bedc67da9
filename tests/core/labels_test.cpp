#include "core/labels.h"

#include <boost/test/unit_test.hpp>

#include <vector>

using pilotlight::Labels;
using pilotlight::LabelsBuilder;

BOOST_AUTO_TEST_SUITE(labels)

BOOST_AUTO_TEST_CASE(are_sorted_and_drop_empty_values) {
    const Labels made{{"b", "2"}, {"gone", ""}, {"a", "1"}};
    BOOST_TEST(made.to_string() == R"({a="1", b="2"})");
    BOOST_TEST(made.get("gone") == "");
}

BOOST_AUTO_TEST_CASE(the_last_of_a_name_given_twice_stays) {
    const Labels made{{"a", "first"}, {"a", "last"}};
    BOOST_TEST(made.size() == 1U);
    BOOST_TEST(made.get("a") == "last");
}

BOOST_AUTO_TEST_CASE(an_empty_last_value_removes_the_name) {
    BOOST_TEST(Labels({{"a", "first"}, {"a", ""}}).empty());
}

BOOST_AUTO_TEST_CASE(equality_and_hash_ignore_the_order_given) {
    const Labels one{{"a", "1"}, {"b", "2"}};
    const Labels other{{"b", "2"}, {"a", "1"}};
    BOOST_CHECK(one == other);
    BOOST_TEST(one.hash() == other.hash());
    BOOST_CHECK(!(one == Labels{{"a", "12"}, {"b", ""}}));
    BOOST_TEST(Labels({{"a", "bc"}}).hash() != Labels({{"ab", "c"}}).hash());
}

BOOST_AUTO_TEST_CASE(copies_outlive_the_original) {
    Labels copy;
    {
        const Labels original{{"name", "value"}};
        copy = original;
    }
    BOOST_TEST(copy.get("name") == "value");
    const Labels moved = std::move(copy);
    BOOST_TEST(moved.get("name") == "value");
}

BOOST_AUTO_TEST_CASE(prints_the_metric_name_in_front_and_escapes) {
    const Labels made{{"__name__", "up"}, {"path", "C:\\ \"x\"\n"}};
    BOOST_TEST(made.to_string() == "up{path=\"C:\\\\ \\\"x\\\"\\n\"}");
    BOOST_TEST(Labels({{"__name__", "up"}}).to_string() == "up");
    BOOST_TEST(Labels{}.to_string() == "{}");
    BOOST_TEST(Labels({{"a.b", "1"}}).to_string() == "{\"a.b\"=\"1\"}");
}

BOOST_AUTO_TEST_CASE(builder_sets_replaces_and_removes) {
    LabelsBuilder builder(Labels{{"a", "1"}, {"b", "2"}});
    builder.set("a", "changed").remove("b").set("c", "3").set("d", "");
    BOOST_TEST(builder.build().to_string() == R"({a="changed", c="3"})");
}

BOOST_AUTO_TEST_SUITE_END()

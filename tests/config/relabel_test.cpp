#include "config/relabel.h"

#include <boost/test/unit_test.hpp>

#include "config/yaml.h"
#include "core/digest.h"

using namespace pilotlight;
using config::read_relabel_rules;

namespace {

std::vector<config::RelabelRule> rules_of(const std::string& text) {
    const auto node = config::parse_yaml(text, "r.yaml");
    BOOST_REQUIRE(node.has_value());
    Errors errors;
    auto rules = read_relabel_rules(*node, errors);
    BOOST_TEST_REQUIRE(errors.empty(), (errors.empty() ? "" : errors.front().to_string()));
    return rules;
}

/// The labels as text, or "dropped".
std::string relabelled(const Labels& labels, const std::string& text) {
    const auto after = relabel(labels, rules_of(text));
    return after ? after->to_string() : "dropped";
}

std::string refused(const std::string& text) {
    const auto node = config::parse_yaml(text, "r.yaml");
    BOOST_REQUIRE(node.has_value());
    Errors errors;
    static_cast<void>(read_relabel_rules(*node, errors));
    std::string lines;
    for (const Error& error : errors)
        lines += error.to_string() + "\n";
    return lines;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != text.npos;
}

const Labels kLabels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}};

}  // namespace

BOOST_AUTO_TEST_SUITE(relabelling)

BOOST_AUTO_TEST_CASE(replace_sets_a_label_from_the_matchs_groups) {
    BOOST_TEST(relabelled(kLabels,
                          "[{source_labels: [a], regex: 'f(.*)', target_label: d, "
                          "replacement: 'ch${1}-ch$1'}]") ==
               R"({a="foo", b="bar", c="baz", d="choo-choo"})");
    BOOST_TEST(relabelled(kLabels, "[{source_labels: [a, b], target_label: d}]") ==
               R"({a="foo", b="bar", c="baz", d="foo;bar"})");
    BOOST_TEST(relabelled(kLabels,
                          "[{source_labels: [a, b], separator: '/', regex: '(.*)/(.*)', "
                          "target_label: $1, replacement: $2}]") ==
               R"({a="foo", b="bar", c="baz", foo="bar"})");
    // No source at all is the empty text, which the default regex matches.
    BOOST_TEST(relabelled(kLabels, "[{target_label: d, replacement: fixed}]") ==
               R"({a="foo", b="bar", c="baz", d="fixed"})");
}

BOOST_AUTO_TEST_CASE(replace_leaves_everything_where_it_does_not_match) {
    BOOST_TEST(relabelled(kLabels, "[{source_labels: [a], regex: 'o', target_label: b}]") ==
               kLabels.to_string());
    // A name that comes out as none is left alone, too.
    BOOST_TEST(relabelled(kLabels,
                          "[{source_labels: [a], regex: 'f(.*)', target_label: '${1}-x', "
                          "replacement: y}]") == kLabels.to_string());
}

BOOST_AUTO_TEST_CASE(an_empty_replacement_removes_the_label) {
    BOOST_TEST(relabelled(kLabels,
                          "[{source_labels: [a], regex: 'foo', target_label: b, "
                          "replacement: ''}]") == R"({a="foo", c="baz"})");
}

BOOST_AUTO_TEST_CASE(keep_and_drop_look_at_the_whole_value) {
    BOOST_TEST(relabelled(kLabels, "[{source_labels: [a], regex: fo, action: keep}]") == "dropped");
    BOOST_TEST(relabelled(kLabels, "[{source_labels: [a], regex: foo, action: keep}]") ==
               kLabels.to_string());
    BOOST_TEST(relabelled(kLabels, "[{source_labels: [a], regex: '.*o.*', action: drop}]") ==
               "dropped");
    BOOST_TEST(relabelled(kLabels, "[{source_labels: [none], regex: '.+', action: drop}]") ==
               kLabels.to_string());
    // What was dropped is not gone on with.
    BOOST_TEST(relabelled(kLabels,
                          "[{source_labels: [a], regex: foo, action: drop}, "
                          "{target_label: d, replacement: x}]") == "dropped");
}

BOOST_AUTO_TEST_CASE(keepequal_and_dropequal_compare_with_the_target_label) {
    const Labels labels{{"a", "x"}, {"b", "x"}, {"c", "y"}};
    const auto with = [&](const std::string& action, const std::string& target) {
        return relabelled(
            labels, "[{source_labels: [a], target_label: " + target + ", action: " + action + "}]");
    };
    BOOST_TEST(with("keepequal", "b") == labels.to_string());
    BOOST_TEST(with("keepequal", "c") == "dropped");
    BOOST_TEST(with("dropequal", "b") == "dropped");
    BOOST_TEST(with("dropequal", "c") == labels.to_string());
}

BOOST_AUTO_TEST_CASE(hashmod_is_that_of_prometheus) {
    BOOST_TEST(md5_tail("") == 0xe9800998ecf8427eU);
    BOOST_TEST(md5_tail("abc") == 0xd6963f7d28e17f72U);
    BOOST_TEST(relabelled(kLabels,
                          "[{source_labels: [c], target_label: d, action: hashmod, "
                          "modulus: 1000}]") == R"({a="foo", b="bar", c="baz", d="976"})");
}

BOOST_AUTO_TEST_CASE(names_are_mapped_dropped_and_kept) {
    const Labels labels{{"__meta_tag_team", "web"}, {"a", "1"}, {"b1", "2"}};
    BOOST_TEST(relabelled(labels, "[{regex: '__meta_tag_(.+)', action: labelmap}]") ==
               R"({__meta_tag_team="web", a="1", b1="2", team="web"})");
    BOOST_TEST(relabelled(labels, "[{regex: '__meta_.*', action: labeldrop}]") ==
               R"({a="1", b1="2"})");
    BOOST_TEST(relabelled(labels, "[{regex: 'b.', action: labelkeep}]") == R"({b1="2"})");
}

BOOST_AUTO_TEST_CASE(case_is_changed) {
    const Labels labels{{"a", "MiXed-1"}};
    BOOST_TEST(relabelled(labels, "[{source_labels: [a], target_label: b, action: lowercase}]") ==
               R"({a="MiXed-1", b="mixed-1"})");
    BOOST_TEST(relabelled(labels, "[{source_labels: [a], target_label: a, action: Uppercase}]") ==
               R"({a="MIXED-1"})");
}

BOOST_AUTO_TEST_CASE(bad_rules_are_refused_with_their_places) {
    BOOST_TEST(has(refused("{a: 1}"), "r.yaml:1:1: expected a list"));
    BOOST_TEST(has(refused("[{action: rename}]"), "r.yaml:1:11: expected one of replace, keep"));
    BOOST_TEST(has(refused("[{source_labels: [a]}]"), "needs a target_label"));
    BOOST_TEST(has(refused("[{action: hashmod, target_label: a}]"), "needs a modulus"));
    BOOST_TEST(has(refused("[{regex: '(', target_label: a}]"),
                   "r.yaml:1:10: error parsing regexp: missing closing ): `(`"));
    BOOST_TEST(has(refused("[{target_label: a-b}]"), "r.yaml:1:17: expected a label's name"));
    BOOST_TEST(has(refused("[{action: labeldrop, regex: a, target_label: b}]"),
                   "r.yaml:1:32: the action \"labeldrop\" takes no \"target_label\""));
    BOOST_TEST(has(refused("[{action: keepequal, target_label: b, regex: x}]"),
                   "the action \"keepequal\" takes no \"regex\""));
    BOOST_TEST(has(refused("[{sauce_labels: [a], target_label: b}]"),
                   "unknown key \"sauce_labels\", did you mean \"source_labels\"?"));
    BOOST_TEST(has(refused("[null]"), "r.yaml:1:2: "));
}

BOOST_AUTO_TEST_SUITE_END()

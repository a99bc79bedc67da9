#include "rules/rule_file.h"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include "config/yaml.h"

using namespace std::chrono_literals;
using namespace pilotlight;
using rules::read_rule_file;
using rules::ReadOptions;

namespace {

std::vector<std::string> errors_of(std::string_view text, const ReadOptions& options = {}) {
    const auto root = config::parse_yaml(text, "r.yaml");
    if (!root) return {root.error().to_string()};
    const auto file = read_rule_file(*root, options);
    std::vector<std::string> errors;
    if (!file) {
        for (const auto& error : file.error())
            errors.push_back(error.to_string());
    }
    return errors;
}

Checked<rules::RuleFile> read(const std::string& text, const ReadOptions& options = {}) {
    const auto root = config::parse_yaml(text, "r.yaml");
    BOOST_REQUIRE(root.has_value());
    return read_rule_file(*root, options);
}

/// A file with one rule of these lines.
std::string with_rule(std::string_view lines) {
    return "groups:\n- name: g\n  rules:\n  - " + std::string(lines) + "\n";
}

void check(std::string_view text, const std::string& expected, const ReadOptions& options = {}) {
    const auto errors = errors_of(text, options);
    BOOST_TEST_CONTEXT(text) {
        BOOST_REQUIRE_EQUAL(errors.size(), 1U);
        BOOST_TEST(errors.front() == expected);
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rule_files)

BOOST_AUTO_TEST_CASE(a_whole_file_is_read) {
    const auto root = config::parse_yaml(R"(groups:
- name: g
  interval: 30s
  query_offset: 1m
  limit: 5
  labels: {team: ops, tier: one}
  rules:
  - record: job:up:sum
    expr: sum by (job) (up)
    labels: {kind: sum}
  - alert: Down
    expr: up == 0
    for: 5m
    keep_firing_for: 10m
    labels: {tier: two, severity: '{{ $labels.severity }}'}
    annotations: {summary: '{{ $labels.job }} is down'}
- name: empty
)",
                                         "r.yaml");
    BOOST_REQUIRE(root);
    const auto file = read_rule_file(*root);
    BOOST_REQUIRE(file);
    BOOST_TEST(file->file == "r.yaml");
    BOOST_TEST(file->rule_count() == 2U);
    const auto& group = file->groups.at(0);
    BOOST_CHECK(group.interval == Duration(30s));
    BOOST_CHECK(group.query_offset == Duration(1min));
    BOOST_TEST(group.limit == 5U);
    BOOST_TEST(!group.rules[0].is_alerting());
    BOOST_TEST(group.rules[0].labels.size() == 3U);
    const auto& alert = group.rules[1];
    BOOST_CHECK(alert.hold == Duration(5min));
    BOOST_CHECK(alert.keep_firing_for == Duration(10min));
    BOOST_REQUIRE_EQUAL(alert.labels.size(), 3U);
    BOOST_TEST(alert.labels[0].source == "two");
    BOOST_TEST(alert.labels[2].source == "ops");
    BOOST_TEST(!alert.annotations[0].plain);
    BOOST_CHECK(!file->groups.at(1).interval);
}

BOOST_AUTO_TEST_CASE(an_empty_file_has_no_groups) {
    BOOST_TEST(errors_of("").empty());
    BOOST_TEST(errors_of("groups:\n").empty());
    BOOST_TEST(errors_of("groups: []\n").empty());
}

BOOST_AUTO_TEST_CASE(unknown_keys_are_refused_with_the_nearest_one) {
    check("group: []\n", R"(r.yaml:1:1: unknown key "group", did you mean "groups"?)");
    check("groups:\n- name: g\n  intervall: 1m\n",
          R"(r.yaml:3:3: group "g": unknown key "intervall", did you mean "interval"?)");
    check(with_rule("alert: A\n    expr: up\n    annotation: {a: b}"),
          "r.yaml:6:5: group \"g\", rule 1, \"A\": unknown key \"annotation\", did you mean "
          "\"annotations\"?");
}

BOOST_AUTO_TEST_CASE(shapes_are_checked) {
    check("[]", "r.yaml:1:1: the file must be a mapping, not a list");
    check("groups: {}\n", R"(r.yaml:1:9: "groups" must be a list, not a mapping)");
    check("groups: [5]\n", "r.yaml:1:10: a group must be a mapping, not a single value");
    check("groups:\n- name: g\n  limit: many\n",
          R"(r.yaml:3:10: group "g": "limit" must be a number, not "many")");
    check(with_rule("alert: A\n    expr: up\n    labels: [a]"),
          R"(r.yaml:6:13: group "g", rule 1, "A": "labels" must be a mapping, not a list)");
    check(with_rule("alert: A\n    expr: up\n    labels: {a: [b]}"),
          R"(r.yaml:6:17: group "g", rule 1, "A": "a" must be a text, not a list)");
}

BOOST_AUTO_TEST_CASE(groups_need_a_name_of_their_own) {
    check("groups:\n- rules: []\n", "r.yaml:2:3: Groupname must not be empty");
    check("groups:\n- name: g\n- name: g\n",
          R"(r.yaml:3:3: groupname: "g" is repeated in the same file)");
}

BOOST_AUTO_TEST_CASE(a_rule_records_or_alerts) {
    check(with_rule("expr: up"),
          R"(r.yaml:4:5: group "g", rule 1, "": one of 'record' or 'alert' must be set)");
    check(with_rule("record: a\n    alert: B\n    expr: up"),
          R"(r.yaml:4:13: group "g", rule 1, "B": only one of 'record' and 'alert' must be set)");
    check(with_rule("alert: A"),
          R"(r.yaml:4:5: group "g", rule 1, "A": field 'expr' must be set in rule)");
    check(with_rule("record: a\n    expr: up\n    for: 1m"),
          R"(r.yaml:4:13: group "g", rule 1, "a": invalid field 'for' in recording rule)");
    check(with_rule("record: a\n    expr: up\n    keep_firing_for: 1m"),
          "r.yaml:4:13: group \"g\", rule 1, \"a\": invalid field 'keep_firing_for' in recording "
          "rule");
    check(with_rule("record: a\n    expr: up\n    annotations: {a: b}"),
          R"(r.yaml:4:13: group "g", rule 1, "a": invalid field 'annotations' in recording rule)");
    check(with_rule("record: 'a{b=\"c\"}'\n    expr: up"),
          "r.yaml:4:13: group \"g\", rule 1, \"a{b=\\\"c\\\"}\": braces present in the recording "
          "rule name; should it be in expr?: a{b=\"c\"}");
}

BOOST_AUTO_TEST_CASE(errors_in_expressions_point_into_them) {
    check(with_rule("alert: A\n    expr: sum(up"),
          "r.yaml:5:17: group \"g\", rule 1, \"A\": could not parse expression: 1:7: parse error: "
          "unclosed left parenthesis");
    const auto quoted = errors_of(with_rule("alert: A\n    expr: 'rate(up)'"));
    BOOST_REQUIRE_EQUAL(quoted.size(), 1U);
    BOOST_TEST(quoted[0].starts_with("r.yaml:5:17: "), quoted[0]);
    const auto block = errors_of(with_rule("alert: A\n    expr: |\n      up and\n      rate(up)"));
    BOOST_REQUIRE_EQUAL(block.size(), 1U);
    BOOST_TEST(block[0].starts_with("r.yaml:7:12: "), block[0]);
    BOOST_TEST(block[0].find("2:6: parse error") != std::string::npos, block[0]);
}

BOOST_AUTO_TEST_CASE(templates_are_parsed_when_the_file_is_read) {
    check(with_rule("alert: A\n    expr: up\n    annotations:\n      s: 'x {{ $label }}'"),
          "r.yaml:7:16: group \"g\", rule 1, \"A\": annotation \"s\": template: __alert_A:1: "
          "undefined variable \"$label\"");
    check(with_rule("alert: A\n    expr: up\n    labels:\n      s: '{{ nope }}'"),
          "r.yaml:7:14: group \"g\", rule 1, \"A\": label \"s\": template: __alert_A:1: function "
          "\"nope\" not defined");
    // What records is no template.
    BOOST_TEST(errors_of(with_rule("record: a\n    expr: up\n    labels: {s: '{{'}")).empty());
}

BOOST_AUTO_TEST_CASE(names_are_checked_for_the_generation_asked_for) {
    check(with_rule("alert: A\n    expr: up\n    labels: {__name__: x}"),
          R"(r.yaml:6:14: group "g", rule 1, "A": invalid label name: __name__)");
    const auto dotted = with_rule("alert: A\n    expr: up\n    labels: {a.b: x}");
    BOOST_TEST(errors_of(dotted).empty());
    check(dotted, R"(r.yaml:6:14: group "g", rule 1, "A": invalid label name: a.b)",
          {.utf8_names = false});
    check(with_rule("alert: A\n    expr: up\n    annotations: {a b: x}"),
          R"(r.yaml:6:19: group "g", rule 1, "A": invalid annotation name: a b)",
          {.utf8_names = false});
    check(with_rule("record: a b\n    expr: up"),
          R"(r.yaml:4:13: group "g", rule 1, "a b": invalid recording rule name: a b)",
          {.utf8_names = false});
}

BOOST_AUTO_TEST_CASE(durations_are_prometheuss) {
    const auto bad = errors_of(with_rule("alert: A\n    expr: up\n    for: 5x"));
    BOOST_REQUIRE_EQUAL(bad.size(), 1U);
    BOOST_TEST(bad[0].starts_with(R"(r.yaml:6:10: group "g", rule 1, "A": "for": )"), bad[0]);
    BOOST_TEST(errors_of("groups:\n- name: g\n  interval: 30\n").size() == 1U);
    BOOST_TEST(errors_of("groups:\n- name: g\n  interval: 0s\n").empty());
}

BOOST_AUTO_TEST_CASE(every_mistake_is_told_at_once) {
    const auto errors = errors_of(R"(groups:
- name: g
  nope: 1
  rules:
  - alert: A
    expr: up(
    for: x
  - record: b
)");
    BOOST_REQUIRE_EQUAL(errors.size(), 4U);
    BOOST_TEST(errors[0].starts_with("r.yaml:3:3: "));
    BOOST_TEST(errors[1].starts_with("r.yaml:6:"));
    BOOST_TEST(errors[2].starts_with("r.yaml:7:10: "));
    BOOST_TEST(errors[3].starts_with("r.yaml:8:5: "));
}

BOOST_AUTO_TEST_CASE(more_rules_than_the_limit_are_refused) {
    std::string text = "groups:\n- name: g\n  rules:\n";
    for (int i = 0; i < 3; ++i)
        text += "  - {alert: A, expr: up}\n";
    check(text, "r.yaml:1:1: more than 2 rules", {.rules_max = 2});
}

BOOST_AUTO_TEST_CASE(keys_of_other_tools_can_be_let_pass) {
    const char* text =
        "namespace: shop\n"
        "groups:\n- name: g\n  owner: me\n  rules:\n  - {record: a, expr: up, team: x}\n";
    BOOST_TEST(!read(text).has_value());
    BOOST_TEST(read(text, {.ignore_unknown_keys = true}).has_value());
}

BOOST_AUTO_TEST_CASE(a_limit_is_any_number_of_yaml) {
    const auto limit = [](const std::string& written) {
        const auto file = read("groups: [{name: g, limit: " + written + "}]");
        return file ? static_cast<int>(file->groups.at(0).limit) : -1;
    };
    BOOST_TEST(limit("20") == 20);
    BOOST_TEST(limit("-3") == 0);
    BOOST_TEST(limit("2.9") == 2);
    BOOST_TEST(limit("1e3") == 1000);
    BOOST_TEST(limit("0x1F") == 31);
    BOOST_TEST(limit("1_000") == 1000);
    for (const char* bad : {"'20'", "many", ".inf", ".nan", "1e30", "[1]", "true"})
        BOOST_TEST(limit(bad) == -1, bad);
}

BOOST_AUTO_TEST_CASE(nothing_in_a_list_is_left_out) {
    const auto file = read("groups:\n- ~\n- name: g\n  rules:\n  - ~\n  - {record: a, expr: up}\n");
    BOOST_REQUIRE(file);
    BOOST_REQUIRE_EQUAL(file->groups.size(), 1U);
    BOOST_TEST(file->rule_count() == 1U);
}

BOOST_AUTO_TEST_CASE(lint_finds_rules_that_write_the_same_series) {
    const auto root = config::parse_yaml(R"(groups:
- name: g
  rules:
  - {record: a, expr: up, labels: {x: y}}
  - {record: a, expr: up}
  - {record: a, expr: up > 1, labels: {x: y}}
)",
                                         "r.yaml");
    const auto file = read_rule_file(*root);
    BOOST_REQUIRE(file);
    const Errors found = rules::lint(*file);
    BOOST_REQUIRE_EQUAL(found.size(), 1U);
    BOOST_TEST(found[0].where.line == 6);
    BOOST_TEST(found[0].message.find("duplicate rule: a with labels {x=\"y\"}") !=
               std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <set>
#include <string>

#include "config/yaml.h"
#include "rules/rule_file.h"
#include "rules/unit_test.h"

using namespace pilotlight;

namespace {

const std::string kFolder = "rules/shipped/";

Node load(const std::string& path) {
    auto root = config::load_yaml(path);
    BOOST_REQUIRE_MESSAGE(root, (root ? "" : root.error().to_string()));
    return std::move(*root);
}

rules::RuleFile shipped(const std::string& name) {
    auto file = rules::read_rule_file(load(kFolder + name), {.utf8_names = false});
    BOOST_REQUIRE_MESSAGE(file, (file ? "" : file.error().front().to_string()));
    return std::move(*file);
}

std::string text_of(const std::vector<rules::Text>& texts, std::string_view name) {
    for (const auto& text : texts) {
        if (text.name == name) return text.source;
    }
    return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(shipped_rules)

BOOST_AUTO_TEST_CASE(unit_tests_pass_as_either_generation) {
    for (const auto compatibility :
         {promql::Compatibility::prometheus2, promql::Compatibility::prometheus3}) {
        for (const char* name : {"critical_test.yaml", "warning_test.yaml"}) {
            rules::UnitTestOptions options;
            options.compatibility = compatibility;
            options.load = [](const std::string& pattern)
                -> Result<std::vector<std::pair<std::string, Node>>> {
                return std::vector<std::pair<std::string, Node>>{
                    {pattern, load(kFolder + pattern)}};
            };
            const auto report = rules::run_unit_tests(load(kFolder + name), options);
            BOOST_REQUIRE(report);
            for (const auto& group : report->groups) {
                for (const auto& failure : group.failures)
                    BOOST_ERROR(std::string(name) + ": " + group.name + '\n' + failure);
                BOOST_TEST(group.checks > 0U);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(every_alert_says_what_is_wrong_and_has_a_runbook) {
    std::set<std::string> pages;
    for (const char* severity : {"critical", "warning"}) {
        const auto file = shipped(std::string(severity) + ".yaml");
        for (const auto& group : file.groups) {
            for (const auto& rule : group.rules) {
                BOOST_TEST_CONTEXT(rule.name) {
                    BOOST_TEST(text_of(rule.labels, "severity") == severity);
                    BOOST_TEST(!text_of(rule.annotations, "summary").empty());
                    BOOST_TEST(!text_of(rule.annotations, "description").empty());
                    const std::string runbook = text_of(rule.annotations, "runbook_url");
                    BOOST_TEST(runbook == "docs/runbooks/" + rule.name + ".md");
                    BOOST_TEST(std::filesystem::exists(runbook));
                    BOOST_TEST(pages.insert(rule.name).second);
                }
            }
        }
        BOOST_TEST(rules::lint(file).empty());
    }
    for (const auto& entry : std::filesystem::directory_iterator("docs/runbooks")) {
        const std::string name = entry.path().stem();
        if (name != "README") BOOST_TEST(pages.contains(name), name << " has no alert");
    }
}

BOOST_AUTO_TEST_SUITE_END()

#include "rules/text.h"

#include <boost/test/unit_test.hpp>

#include <string>

#include "rules/template_functions.h"

using namespace pilotlight;
using rules::TextParser;

namespace {

/// The text of an alert for a row of that value.
std::string expanded(TextParser& parser, const std::string& source, const std::string& alert) {
    const auto text = parser.parse("summary", source, alert);
    BOOST_REQUIRE(text.has_value());
    rules::TemplateContext context;
    const auto functions = rules::make_template_functions(context);
    const auto data = rules::text_data(context, Labels{{"target", "a"}}, 5);
    return rules::expand(*text, alert, data, context, functions);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rule_texts)

BOOST_AUTO_TEST_CASE(a_text_that_several_alerts_have_is_parsed_once) {
    TextParser parser;
    const std::string source = "{{ $labels.target }} is at {{ $value }}";
    BOOST_TEST(expanded(parser, source, "A") == "a is at 5");
    BOOST_TEST(expanded(parser, source, "B") == "a is at 5");
}

BOOST_AUTO_TEST_CASE(an_error_names_its_own_alert_though_others_have_the_text_too) {
    TextParser parser;
    for (const char* alert : {"A", "B"}) {
        const std::string name = std::string("__alert_") + alert;
        const std::string said = expanded(parser, "{{ index $labels 1 2 }}", alert);
        BOOST_TEST(said.starts_with("<error expanding template: error executing template " + name +
                                    ": template: " + name + ":1:"),
                   said);
        const auto bad = parser.parse("summary", "{{ nothing }}", alert);
        BOOST_REQUIRE(!bad.has_value());
        BOOST_TEST(bad.error().message ==
                   "template: " + name + ":1: function \"nothing\" not defined");
    }
}

BOOST_AUTO_TEST_CASE(a_text_without_actions_is_not_parsed) {
    TextParser parser;
    const auto text = parser.parse("summary", "100% }} plain", "A");
    BOOST_REQUIRE(text.has_value());
    BOOST_TEST(text->plain);
}

BOOST_AUTO_TEST_SUITE_END()

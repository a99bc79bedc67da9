#include "probes/json_body.h"

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>

#include "config/yaml.h"
#include "probes/probers.h"
#include "tests/probes/probe_now.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::testing;
using probes::make_http;
using probes::Report;

namespace {

/// What is broken of one condition, written as YAML; "" where nothing is.
std::string broken(std::string_view body, const std::string& condition) {
    const Result<Node> node = config::parse_yaml("[" + condition + "]", "test.yaml");
    BOOST_REQUIRE_MESSAGE(node.has_value(), condition);
    std::vector<probes::JsonCondition> conditions;
    Errors errors;
    probes::read_json_conditions(*node, conditions, errors);
    for (const Error& error : errors)
        BOOST_ERROR(error.to_string());
    return probes::broken_json_condition(conditions, body).value_or("");
}

std::string refusal(const std::string& conditions) {
    return refusal_of(&make_http, "http://a", "body_json: " + conditions);
}

constexpr std::string_view kHealth = R"({"status": "ok", "version": "1.20.3", "lag": 4.5,
    "replicas": 3, "ready": true, "error": null, "tags": ["eu", "blue", 7],
    "checks": [{"name": "db", "ok": true}, {"name": "cache", "ok": false}]})";

}  // namespace

BOOST_AUTO_TEST_SUITE(json_body)

BOOST_AUTO_TEST_CASE(conditions_that_hold_say_nothing) {
    for (const std::string condition :
         {"{path: $.status, equals: ok}",
          "{path: $.status, not_equals: down}",
          "{path: $.replicas, equals: 3}",
          "{path: $.replicas, equals: 3.0}",
          "{path: $.ready, equals: true}",
          "{path: $.error, equals: null}",
          "{path: $.version, equals: '1.20.3'}",
          "{path: $.version, matches: '^1\\.2'}",
          "{path: $.version, not_matches: beta}",
          "{path: $.lag, less_than: 5}",
          "{path: $.lag, greater_than: 4, at_least: 4.5, at_most: 4.5}",
          "{path: $.tags, contains: eu}",
          "{path: $.tags, contains: 7}",
          "{path: $.status, contains: k}",
          "{path: $, contains: status}",
          "{path: $.checks, exists: true}",
          "{path: $.nothing, exists: false}",
          "{path: '$.checks[*]', count: 2}",
          "{path: '$.checks[?@.ok == false]', count_at_most: 1}",
          "{path: '$.checks[*].name', matches: '^[a-z]+$'}",
          "{path: $.none, count: 0}"})
        BOOST_TEST(broken(kHealth, condition) == "", condition);
}

BOOST_AUTO_TEST_CASE(what_does_not_hold_is_told_with_path_and_value) {
    const std::pair<std::string, std::string> conditions[] = {
        {"{path: $.status, equals: up}", "$.status is \"ok\", expected \"up\""},
        {"{path: $.replicas, equals: '3'}", "$.replicas is 3, expected \"3\""},
        {"{path: $.error, not_equals: null}", "$.error is null, expected anything but null"},
        {"{path: $.lag, less_than: 4}", "$.lag is 4.5, expected less than 4"},
        {"{path: $.status, at_least: 4}", "$.status is \"ok\", expected a number"},
        {"{path: '$.checks[*].ok', equals: true}", "is false, expected true"},
        {"{path: $.checks, equals: 2}", "$.checks is an array of 2, expected 2"},
        {"{path: $.tags, contains: red}", "expected to contain \"red\""},
        {"{path: $.version, matches: beta}", "expected to match beta"},
        {"{path: $.version, not_matches: '20'}", "expected not to match 20"},
        {"{path: $.nothing, equals: 1}", "$.nothing is not there"},
        {"{path: $.nothing, less_than: 1}", "$.nothing is not there"},
        {"{path: $.nothing, exists: true}", "$.nothing is not there"},
        {"{path: $.status, exists: false}", "$.status is there"},
        {"{path: '$.checks[*]', count: 3}", "$.checks[*] selects 2, expected 3"},
        {"{path: '$.checks[*]', count_at_least: 3}", "selects 2, expected at least 3"},
        {"{path: '$..*', count_at_most: 3}", "expected at most 3"}};
    for (const auto& [condition, message] : conditions) {
        const std::string told = broken(kHealth, condition);
        BOOST_TEST(told.contains(message), condition << ": " << told);
    }
}

BOOST_AUTO_TEST_CASE(a_long_value_is_cut_and_control_characters_escaped) {
    const std::string body = "{\"a\": \"" + std::string(5'000, 'x') + "\", \"b\": \"\\u001b[31m\"}";
    BOOST_TEST(broken(body, "{path: $.a, equals: 1}").size() < 200U);
    BOOST_TEST(!broken(body, "{path: $.b, equals: 1}").contains('\x1b'));
}

BOOST_AUTO_TEST_CASE(mistakes_are_refused_with_their_place) {
    BOOST_TEST(refusal("{path: $.a}").contains("expected a list"));
    BOOST_TEST(refusal("[{equals: 1}]").contains("path"));
    BOOST_TEST(refusal("[{path: $.a}]").contains("a path needs a condition"));
    BOOST_TEST(refusal("[{path: $.a, exists: false, equals: 1}]").contains("exists: false"));
    BOOST_TEST(refusal("[{path: $.a, eqals: 1}]").contains("did you mean \"equals\""));
    BOOST_TEST(refusal("[{path: '$.a[', equals: 1}]").contains("column 5"));
    BOOST_TEST(refusal("[{path: $.a, matches: '('}]") != "");
    BOOST_TEST(refusal("[{path: $.a, equals: [1]}]").contains("expected a text, a number"));
    BOOST_TEST(refusal_of(&make_http, "http://a", "fail_if_body_json_matches_cel: 'true'")
                   .contains("body_json"));
}

BOOST_AUTO_TEST_CASE(a_probe_fails_in_the_body_and_says_why) {
    const ScriptedServer server({http_answer(200, R"({"status": "degraded"})")});
    const std::string options = "body_json: [{path: $.status, equals: ok}]";
    const Report report = probe_now(&make_http, server.url(), options);
    BOOST_TEST(verdict_of(report) == "body/body_json");
    BOOST_TEST(report.outcome.detail == "$.status is \"degraded\", expected \"ok\"");
    BOOST_TEST(value_of(report, "probe_failed_due_to_json").value() == 1);
    BOOST_TEST(value_of(report, "probe_failed_due_to_regex").value() == 0);

    const ScriptedServer good({http_answer(200, R"({"status": "ok"})")});
    const Report fine = probe_now(&make_http, good.url(), options);
    BOOST_TEST(verdict_of(fine) == "");
    BOOST_TEST(value_of(fine, "probe_failed_due_to_json").value() == 0);

    const ScriptedServer page({http_answer(200, "<html>")});
    const Report other = probe_now(&make_http, page.url(), options);
    BOOST_TEST(verdict_of(other) == "body/body_json");
    BOOST_TEST(other.outcome.detail.contains("no JSON from byte 1"));
    BOOST_TEST(!value_of(probe_now(&make_http, page.url()), "probe_failed_due_to_json"));
}

BOOST_AUTO_TEST_CASE(a_secret_of_a_file_that_the_body_echoes_is_not_told) {
    const TemporaryFolder folder;
    const ScriptedServer server({http_answer(200, R"({"you": "Bearer from-file"})")});
    const std::string options =
        "authorization: {credentials_file: " + folder.write("token", "from-file\n") +
        "}\nbody_json: [{path: $.you, equals: nobody}]";
    const Report report = probe_now(&make_http, server.url(), options);
    BOOST_TEST(report.outcome.detail == "$.you is \"Bearer <secret>\", expected \"nobody\"");

    const std::string before(115, 'x');
    const ScriptedServer cut({http_answer(200, R"({"you": ")" + before + R"(from-file"})")});
    const Report long_one = probe_now(&make_http, cut.url(), options);
    BOOST_TEST(!long_one.outcome.detail.contains("from"));
}

BOOST_AUTO_TEST_SUITE_END()

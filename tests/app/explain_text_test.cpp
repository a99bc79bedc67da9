#include "app/explain_text.h"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

using pilotlight::app::explain_text;

namespace {

/// One rule with one alert; `alert` are further keys of it, in front.
std::string document(const std::string& alert, const std::string& steps) {
    return fmt::format(R"({{"at": "2026-11-23T03:17:18.000Z", "rules": [{{
        "name": "Long", "expr": "x", "file": "rules/a.yaml", "line": 4, "group": "g",
        "interval": 15, "query_offset": 0, "for": 60, "keep_firing_for": 0, "health": "ok",
        "last_error": "", "last_evaluation": "2026-11-23T03:17:15.000Z", "warnings": [],
        "has_matched": true, "alert_count": 1, "policies": {{}}, "steps": [],
        "alerts": [{{{}
            "labels": {{"alertname": "Long", "target": "a"}}, "annotations": {{}}, "value": "9",
            "active_at": "2026-11-23T03:04:15.000Z", "fires_at": null, "kept_until": null,
            "flapping_since": null, "flap_changes": 0, "targets": [], "silent_targets": ["a"],
            "policies": {{"on_no_data": "keep", "on_error": "keep", "resolve_when": null,
                          "flap": null}},
            "silenced_by": [], "inhibited_by": [{{"alertname": "Down", "target": "a"}}],
            "told": [], "steps": [{}], "resolve_when_steps": []}}]}}]}})",
                       alert, steps);
}

constexpr const char* kFiring =
    R"("state": "firing", "cause": "condition", "condition": true, "waiting_for": "",
       "fired_at": "2026-11-23T03:05:15.000Z",)";

bool has(const std::string& text, const std::string& part) {
    BOOST_TEST_INFO(text);
    return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(explain_texts)

BOOST_AUTO_TEST_CASE(the_state_stands_first_and_values_stand_in_one_column) {
    const auto text =
        explain_text(document(kFiring,
                              R"({"depth": 0, "expr": "queue > 5", "row_count": 1, "note": "",
            "rows": [{"labels": {"target": "a"}, "value": "9", "age": null}]},
           {"depth": 1, "expr": "queue", "row_count": 1, "note": "",
            "rows": [{"labels": {"target": "a"}, "value": "9", "age": 3.2}]})"));
    BOOST_REQUIRE(text.has_value());
    BOOST_TEST(text->starts_with("Long{target=\"a\"} is FIRING for 12m3s\n"));
    BOOST_TEST(has(*text, "  inhibited   by Down{target=\"a\"}\n"));
    BOOST_TEST(has(*text, "\n  queue > 5" + std::string(53, ' ') + "9\n    queue" +
                              std::string(55, ' ') + "9   3s old\n"));
}

BOOST_AUTO_TEST_CASE(several_rows_and_long_steps_have_lines_of_their_own) {
    const std::string expr(80, 'x');
    const auto text = explain_text(
        document(kFiring, R"({"depth": 0, "expr": ")" + expr + R"(", "row_count": 12, "note": "",
            "rows": [{"labels": {"n": "1"}, "value": "1", "age": null},
                     {"labels": {"n": "2"}, "value": "2", "age": null}]})"));
    BOOST_REQUIRE(text.has_value());
    BOOST_TEST(has(*text, "  " + expr + "\n    = 12 rows\n      {n=\"1\"}"));
    BOOST_TEST(has(*text, "... and 10 more\n"));
}

BOOST_AUTO_TEST_CASE(what_it_waits_for_is_said_in_words) {
    const auto text =
        explain_text(document(R"("state": "pending", "cause": "condition", "condition": false,
                    "waiting_for": "data", "fired_at": null,)",
                              ""));
    BOOST_REQUIRE(text.has_value());
    BOOST_TEST(has(*text, "is PENDING for 13m3s"));
    BOOST_TEST(has(*text, "because     no news: a does not answer"));
}

BOOST_AUTO_TEST_CASE(other_documents_are_refused) {
    for (const char* document : {"", "{", "[]", "{}", R"({"rules": 1})", R"({"rules": [{}]})"}) {
        BOOST_TEST_INFO(document);
        BOOST_TEST(!explain_text(document).has_value());
    }
}

BOOST_AUTO_TEST_SUITE_END()

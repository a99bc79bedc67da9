#include "alerting/notification.h"

#include <boost/test/unit_test.hpp>

#include <limits>

#include "alerting/message_template.h"
#include "core/annotations.h"
#include "tests/alerting/samples.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;

namespace {

std::string rendered(const std::string& text, const Notification& notification) {
    const auto parsed = MessageText::parse(text, *MessageTemplates::defaults(), {});
    BOOST_REQUIRE_MESSAGE(parsed.has_value(), (parsed ? "" : parsed.error().message));
    MessageWriter writer(message_data(notification), notification.decided_at);
    const std::string written = writer.write(*parsed);
    return writer.error().empty() ? written : "error: " + writer.error();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(notification)

BOOST_AUTO_TEST_CASE(survives_json_and_back) {
    Notification before = sample(2, 1, "slack");
    before.cause = Cause::resolved;
    before.only_amends = true;
    before.alerts[0].value = std::numeric_limits<double>::quiet_NaN();
    before.alerts[1].value = 0.1;
    AnnotationsBuilder annotations(before.alerts[1].annotations);
    before.alerts[1].annotations = annotations.set("empty", "").build();
    const auto after = notification_from_json(to_json(before));
    BOOST_REQUIRE(after.has_value());
    BOOST_TEST(std::isnan(after->alerts[0].value));
    BOOST_CHECK(after->alerts[1] == before.alerts[1]);
    BOOST_CHECK(after->alerts[2] == before.alerts[2]);
    BOOST_CHECK(after->to == before.to);
    BOOST_TEST(to_json(*after) == to_json(before));
}

BOOST_AUTO_TEST_CASE(what_is_no_notification_is_none) {
    for (const char* text : {"", "{}", "[]", "null", R"({"sequence":"x"})"}) {
        BOOST_TEST(!notification_from_json(text).has_value(), text);
    }
    std::string cut = to_json(sample(1, 0, "slack"));
    cut.resize(cut.size() / 2);
    BOOST_TEST(!notification_from_json(cut).has_value());
}

BOOST_AUTO_TEST_CASE(dedup_keys_are_stable_and_tell_groups_apart) {
    const Labels group{{"alertname", "Down"}};
    // Incidents that are open over an upgrade rest on these very letters.
    BOOST_TEST(make_dedup_key("ops", Labels{{"alertname", "InstanceDown"}}, "") ==
               "0fc70b2f97ab016670e7430176a5c43a");
    std::set<std::string> keys{make_dedup_key("ops", group, ""),
                               make_dedup_key("op", group, ""),
                               make_dedup_key("ops", group, "x"),
                               make_dedup_key("ops", {}, ""),
                               make_dedup_key("ops", Labels{{"alertname", "Dow"}}, ""),
                               make_dedup_key("opsalertname", Labels{{"Down", "x"}}, "")};
    BOOST_TEST(keys.size() == 6U);
}

BOOST_AUTO_TEST_CASE(fingerprints_are_prometheuss) {
    // FNV-1a over each name and value, 0xff after each.
    NotifiedAlert alert;
    BOOST_TEST(alert.fingerprint() == "cbf29ce484222325");
    alert.labels = Labels{{"job", "api"}, {"alertname", "A"}};
    BOOST_TEST(alert.fingerprint() == "775035f59e4e3eda");
}

BOOST_AUTO_TEST_CASE(templates_see_what_alertmanagers_see) {
    const Notification n = sample(2, 1, "slack");
    BOOST_TEST(rendered("{{ .Status }} {{ .Receiver }}", n) == "firing ops");
    BOOST_TEST(rendered("{{ .Alerts.Firing | len }}/{{ .Alerts.Resolved | len }}/{{ len .Alerts }}",
                        n) == "2/1/3");
    BOOST_TEST(rendered("{{ .CommonLabels.SortedPairs.Names | join \",\" }}", n) ==
               "alertname,service,severity");
    BOOST_TEST(rendered("{{ (.CommonLabels.Remove .GroupLabels.Names).Values | join \" \" }}", n) ==
               "shop critical");
    BOOST_TEST(rendered("{{ .CommonLabels.instance }}|{{ .CommonLabels.none }}", n) == "|");
    BOOST_TEST(rendered("{{ range .Alerts }}{{ .Labels.instance }} {{ end }}", n) ==
               "web-0 web-1 gone-0 ");
    BOOST_TEST(rendered("{{ template \"__subject\" . }}", n) ==
               "[FIRING:2] InstanceDown (shop critical)");
    BOOST_TEST(rendered("{{ .CommonAnnotations.summary | toUpper }}", n) == "THE SHOP IS DOWN");
    BOOST_TEST(rendered("{{ (index .Alerts 0).StartsAt.Format \"15:04\" }}", n) == "12:00");
    BOOST_TEST(rendered("{{ (index .Alerts 0).StartsAt | tz \"Europe/Berlin\" | date \"15:04\" }}",
                        n) == "13:00");
    BOOST_TEST(rendered("{{ since (index .Alerts 0).StartsAt }}", n) == "13m0s");
    BOOST_TEST(rendered("{{ dict \"a\" 1 | toJson }}", n) == R"({"a":1})");
    BOOST_TEST(rendered("{{ append (list 1 2) 3 | len }}", n) == "3");
    BOOST_TEST(rendered("{{ \"a%20b\" | urlUnescape }}", n) == "a b");
    BOOST_TEST(rendered("{{ .Nothing }}", n).starts_with("error: "));
    BOOST_TEST(
        rendered("{{ tz \"Nowhere\" (index .Alerts 0).StartsAt }}", n).starts_with("error: "));
}

BOOST_AUTO_TEST_CASE(texts_are_cut_between_characters) {
    BOOST_TEST(cut_to("abc", 3) == "abc");
    BOOST_TEST(cut_to("abcd", 3) == "ab…");
    BOOST_TEST(cut_to("ééé", 2) == "é…");
    BOOST_TEST(cut_to("a\xff", 5) == "a\uFFFD");
    BOOST_TEST(cut_to("abc", 0) == "");
}

BOOST_AUTO_TEST_SUITE_END()

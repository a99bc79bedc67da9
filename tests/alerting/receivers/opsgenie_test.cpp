#include <boost/test/unit_test.hpp>

#include "tests/alerting/samples.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using nlohmann::json;

namespace {

IntegrationPtr opsgenie(const std::string& more = "") {
    return integration("opsgenie",
                       "{api_key: 'a-secret-key'" + (more.empty() ? "" : ", " + more) + "}");
}

json body(const Notification& notification, const std::string& more = "") {
    return json::parse(opsgenie(more)->render(notification).requests.at(0).body);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(opsgenie_receiver)

BOOST_AUTO_TEST_CASE(payloads_are_as_they_were) {
    check_golden("opsgenie_firing", opsgenie()->render(sample(1, 0, "opsgenie")));
    check_golden("opsgenie_resolved", opsgenie()->render(sample(0, 1, "opsgenie")));
    check_golden("opsgenie_thirty", opsgenie()->render(sample(30, 0, "opsgenie")));
    check_golden("opsgenie_hostile", opsgenie()->render(hostile("opsgenie")));
    Notification missed = sample(0, 1, "opsgenie");
    missed.missed = true;
    check_golden("opsgenie_missed", opsgenie()->render(missed));
    check_golden(
        "opsgenie_all_options",
        opsgenie("api_url: 'https://og.example', message: '{{ .Status }}', description: d, source: "
                 "s, details: {severity: high, extra: '{{ .Alerts | len }}'}, entity: e, "
                 "responders: [{name: 'a, b', type: teams}, {username: u, type: User}, {id: i, "
                 "type: '{{ \"schedule\" }}'}], actions: 'x, y', tags: 't1,,t2 ', note: n, "
                 "priority: P1, update_alerts: true")
            ->render([] {
                Notification notification = sample(1, 1, "opsgenie");
                notification.cause = Cause::changed;
                return notification;
            }()));
}

BOOST_AUTO_TEST_CASE(texts_keep_to_the_limits) {
    Notification notification = hostile("opsgenie");
    std::string name;
    for (int i = 0; i < 1'000; ++i)
        name += "é";
    notification.group_labels = Labels{{"alertname", name}};
    std::string tags = "tags: '";
    for (int i = 0; i < 40; ++i)
        tags += "a-tag-that-is-much-longer-than-the-fifty-characters-allowed-" + std::to_string(i) +
                ",";
    const json made = body(notification, tags +
                                             "', source: '{{ .GroupLabels.alertname }}', "
                                             "description: '{{ range .Alerts }}{{ "
                                             ".Annotations.summary }}{{ end }}', details: {d: "
                                             "'{{ .CommonAnnotations.summary }}', e: '{{ "
                                             ".CommonAnnotations.summary }}', f: x}");
    const auto characters = [](const std::string& text) {
        return std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; });
    };
    BOOST_TEST(characters(made["message"]) == 130);
    BOOST_TEST(characters(made["source"]) == 100);
    BOOST_TEST(characters(made["description"]) <= 15'000);
    BOOST_TEST(made["tags"].size() == 20U);
    BOOST_TEST(characters(made["tags"][0]) == 50);
    BOOST_TEST(made["details"].dump().size() < 9'000U);
}

BOOST_AUTO_TEST_CASE(an_open_alert_follows_its_group_only_where_that_is_asked) {
    Notification notification = sample(2, 0, "opsgenie");
    BOOST_TEST(opsgenie("update_alerts: true")->render(notification).requests.size() == 1U);
    notification.cause = Cause::changed;
    BOOST_TEST(opsgenie()->render(notification).requests.size() == 1U);
    const Message message = opsgenie("update_alerts: true")->render(notification);
    BOOST_REQUIRE(message.requests.size() == 3U);
    BOOST_TEST(message.requests[1].method == "PUT");
    BOOST_TEST(message.requests[1].url.ends_with(notification.dedup_key +
                                                 "/message?identifierType=alias"));
}

BOOST_AUTO_TEST_CASE(a_failing_template_goes_out_plain_with_the_error) {
    const Message message =
        opsgenie("entity: '{{ .Alerts.Nothing }}'")->render(sample(1, 0, "opsgenie"));
    BOOST_TEST(!message.template_error.empty());
    const json made = json::parse(message.requests[0].body);
    BOOST_TEST(made["message"] == "[FIRING:1] InstanceDown");
    BOOST_TEST(made["description"].get<std::string>().find("a template failed") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_answer_has_its_meaning) {
    const auto means = [](int status) { return verdict(opsgenie()->classify(answer(status))); };
    BOOST_TEST(means(202) == "delivered");
    BOOST_TEST(means(200) == "delivered");
    BOOST_TEST(means(400) == "rejected client_error");
    BOOST_TEST(means(401) == "rejected client_error");
    BOOST_TEST(means(403) == "rejected client_error");
    BOOST_TEST(means(404) == "rejected client_error");
    BOOST_TEST(means(422) == "rejected client_error");
    BOOST_TEST(means(429) == "retry rate_limited");
    BOOST_TEST(means(500) == "retry server_error");
    BOOST_TEST(means(503) == "retry server_error");
}

BOOST_AUTO_TEST_CASE(what_it_lacks_is_told) {
    const auto of = [](const std::string& entry) {
        return mistakes(
            "route: {receiver: ops}\nreceivers:\n  - name: ops\n    opsgenie_configs: "
            "[{" +
            entry + "}]\n");
    };
    BOOST_TEST(of("message: x").find("no key") != std::string::npos);
    BOOST_TEST(of("api_key: k, responders: [{type: team}]").find("needs an id") !=
               std::string::npos);
    BOOST_TEST(of("api_key: k, responders: [{name: x, type: crew}]").find("type is team") !=
               std::string::npos);
    BOOST_TEST(of("api_key: k, details: [x]").find("expected a mapping") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

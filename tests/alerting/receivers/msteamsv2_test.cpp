#include <boost/test/unit_test.hpp>

#include "tests/alerting/samples.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using nlohmann::json;

namespace {

IntegrationPtr teams(const std::string& more = "") {
    return integration("msteamsv2", "{webhook_url: 'http://127.0.0.1:9/workflows/secretsecret'" +
                                        (more.empty() ? "" : ", " + more) + "}");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(msteamsv2_receiver)

BOOST_AUTO_TEST_CASE(payloads_are_as_they_were) {
    check_golden("msteamsv2_firing", teams()->render(sample(1, 0, "msteamsv2")));
    check_golden("msteamsv2_resolved", teams()->render(sample(0, 1, "msteamsv2")));
    check_golden("msteamsv2_thirty", teams()->render(sample(30, 0, "msteamsv2")));
    check_golden("msteamsv2_hostile", teams()->render(hostile("msteamsv2")));
    check_golden("msteamsv2_all_options",
                 teams("title: '{{ .Status }}', text: '{{ .Alerts | len }}'")
                     ->render(sample(1, 1, "msteamsv2")));
}

BOOST_AUTO_TEST_CASE(a_card_keeps_to_28_kilobytes_whatever_is_in_it) {
    for (const char* filler : {"x", "\"", "\x01", "é", "😀", "\n", "*"}) {
        Notification notification = sample(200, 0, "msteamsv2");
        std::string text;
        for (int i = 0; i < 3'000; ++i)
            text += filler;
        for (NotifiedAlert& alert : notification.alerts)
            alert.annotations = Labels{{"summary", text}};
        const std::string body = teams()->render(notification).requests[0].body;
        BOOST_TEST(body.size() <= 28'000U);
        BOOST_TEST(!json::parse(body).empty());
    }
}

BOOST_AUTO_TEST_CASE(nothing_a_label_says_becomes_a_link_or_a_date) {
    Notification notification = sample(1, 0, "msteamsv2");
    notification.alerts[0].annotations =
        Labels{{"summary", "[click](https://evil.example) {{DATE(2026-01-01T00:00:00Z)}}"},
               {"runbook_url", "javascript:alert(1)"}};
    const json content =
        json::parse(teams()->render(notification).requests[0].body)["attachments"][0]["content"];
    const std::string text = content["body"][1]["text"];
    BOOST_TEST(text.find("\\[click\\]\\(https://evil.example\\)") != std::string::npos, text);
    BOOST_TEST(text.find("{{") == std::string::npos);
    BOOST_TEST(content["actions"].size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_failing_template_goes_out_plain_with_the_error) {
    const Message message =
        teams("text: '{{ .Alerts.Nothing }}'")->render(sample(1, 0, "msteamsv2"));
    BOOST_TEST(!message.template_error.empty());
    BOOST_TEST(message.requests[0].body.find("a template failed") != std::string::npos);
    BOOST_TEST(message.requests[0].body.find("The shop is down") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_answer_has_its_meaning) {
    const auto means = [](int status, const std::string& said = "") {
        return verdict(teams()->classify(answer(status, said)));
    };
    BOOST_TEST(means(202) == "delivered");
    BOOST_TEST(means(200, "1") == "delivered");
    BOOST_TEST(means(400, "Invalid webhook") == "rejected client_error");
    BOOST_TEST(means(401) == "rejected client_error");
    BOOST_TEST(means(404) == "rejected client_error");
    BOOST_TEST(means(413) == "rejected client_error");
    BOOST_TEST(means(429) == "retry rate_limited");
    BOOST_TEST(means(500) == "retry server_error");
    BOOST_TEST(means(504) == "retry server_error");
    // The service behind it refused, with a 200.
    const std::string failed =
        "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error ";
    BOOST_TEST(means(200, failed + "429 with ContextId tcid=1") == "retry rate_limited");
    BOOST_TEST(means(200, failed + "413 with ContextId tcid=1") == "rejected client_error");
    BOOST_TEST(means(200, failed + "503 with ContextId tcid=1") == "retry server_error");
    BOOST_TEST(means(200, failed + "what") == "retry bad_answer");
}

BOOST_AUTO_TEST_SUITE_END()

#include <boost/test/unit_test.hpp>

#include "tests/alerting/samples.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using nlohmann::json;

namespace {

IntegrationPtr webhook(const std::string& more = "") {
    return integration("webhook",
                       "{url: 'http://127.0.0.1:9/hook'" + (more.empty() ? "" : ", " + more) + "}");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(webhook_receiver)

BOOST_AUTO_TEST_CASE(payloads_are_as_they_were) {
    check_golden("webhook_firing", webhook()->render(sample(1, 0, "webhook")));
    check_golden("webhook_resolved", webhook()->render(sample(0, 1, "webhook")));
    check_golden("webhook_thirty", webhook()->render(sample(30, 0, "webhook")));
    check_golden("webhook_hostile", webhook()->render(hostile("webhook")));
    check_golden("webhook_mixed_with_login",
                 webhook("http_config: {basic_auth: {username: u, password: p}, http_headers: "
                         "{X-Team: {values: [ops], secrets: [hidden]}}}")
                     ->render(sample(1, 1, "webhook")));
}

BOOST_AUTO_TEST_CASE(max_alerts_cuts_and_says_so) {
    const json body =
        json::parse(webhook("max_alerts: 3")->render(sample(30, 0, "webhook")).requests[0].body);
    BOOST_TEST(body["alerts"].size() == 3U);
    BOOST_TEST(body["truncatedAlerts"] == 27);
}

BOOST_AUTO_TEST_CASE(a_hostile_alert_is_data_within_its_limit) {
    const std::string body = webhook()->render(hostile("webhook")).requests[0].body;
    const json sent = json::parse(body, nullptr, false);
    BOOST_REQUIRE(sent.is_object());
    BOOST_TEST(body.size() < 200'000U);
    // A program reads it: it gets what the label says, but for bytes that JSON cannot carry.
    BOOST_TEST(sent["alerts"][0]["labels"]["instance"] ==
               "a|b>c\x01\x1b[31m\ufffd\ufffd\u009b\u202egpj.exe");
}

BOOST_AUTO_TEST_CASE(a_repeat_of_one_message_has_the_same_key) {
    const auto key = [](const Notification& notification) {
        return webhook()->render(notification).requests[0].headers[1].value;
    };
    Notification first = sample(1, 0, "webhook");
    Notification later = first;
    later.sequence = 8;
    BOOST_TEST(key(first) == key(first));
    BOOST_TEST(key(first) != key(later));
}

BOOST_AUTO_TEST_CASE(every_answer_has_its_meaning) {
    const auto receiver = webhook();
    const auto means = [&](int status) { return verdict(receiver->classify(answer(status))); };
    for (const int status : {200, 201, 202, 204})
        BOOST_TEST(means(status) == "delivered");
    for (const int status : {400, 401, 403, 404, 410, 422}) {
        BOOST_TEST(means(status) == "rejected client_error");
    }
    for (const int status : {408, 500, 502, 503, 504}) {
        BOOST_TEST(means(status) == "retry server_error");
    }
    BOOST_TEST(means(429) == "retry rate_limited");
    BOOST_TEST(means(301) == "rejected bad_answer");
}

BOOST_AUTO_TEST_SUITE_END()

#include "alerting/receivers/answers.h"

#include <boost/test/unit_test.hpp>

#include "alerting/receivers/registry.h"
#include "tests/alerting/samples.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(answers)

BOOST_AUTO_TEST_CASE(retry_after_is_seconds_or_a_date) {
    const auto wait = [](std::vector<runtime::HttpHeader> headers) {
        const auto found = retry_after(answer(429, "", std::move(headers)), noon());
        return found ? format_duration(*found) : std::string("none");
    };
    BOOST_TEST(wait({{"Retry-After", "120"}}) == "2m");
    BOOST_TEST(wait({{"retry-after", "0"}}) == "0s");
    BOOST_TEST(wait({{"Retry-After", "-5"}}) == "0s");
    BOOST_TEST(wait({{"Retry-After", "99999999999"}}) == "1d");
    BOOST_TEST(wait({{"Retry-After", "Fri, 02 Jan 2026 12:00:30 GMT"}}) == "30s");
    BOOST_TEST(wait({{"Retry-After", "Fri, 02 Jan 2026 11:00:00 GMT"}}) == "0s");
    // By the receiver's own clock, where it tells it.
    BOOST_TEST(wait({{"Retry-After", "Fri, 02 Jan 2026 12:00:30 GMT"},
                     {"Date", "Fri, 02 Jan 2026 12:00:20 GMT"}}) == "10s");
    BOOST_TEST(wait({{"Retry-After", "soon"}}) == "none");
    BOOST_TEST(wait({}) == "none");
}

BOOST_AUTO_TEST_CASE(a_dialogue_that_broke_off_is_tried_again) {
    const auto means = [](std::string phase, std::string reason) {
        return verdict(classify_failure({std::move(phase), std::move(reason), "x"}));
    };
    BOOST_TEST(means("resolve", "nxdomain") == "retry resolve");
    BOOST_TEST(means("connect", "refused") == "retry connect");
    BOOST_TEST(means("connect", "timeout") == "retry timeout");
    BOOST_TEST(means("tls", "certificate_expired") == "retry tls");
    BOOST_TEST(means("response", "reset") == "retry connection_lost");
    BOOST_TEST(means("response", "timeout") == "retry timeout");
    BOOST_TEST(means("response", "protocol") == "retry bad_answer");
}

BOOST_AUTO_TEST_CASE(no_receiver_repeats_a_secret) {
    const std::pair<std::string, std::string> all[] = {
        {"slack",
         "{api_url: 'http://127.0.0.1:9/T0PSECRET/path', http_config: {proxy_url: "
         "'http://u:T0PSECRET@127.0.0.1:1'}}"},
        {"slack", "{app_token: T0PSECRET, channel: c}"},
        {"pagerduty",
         "{routing_key: T0PSECRET, http_config: {authorization: {credentials: "
         "T0PSECRET}}}"},
        {"webhook",
         "{url: 'http://u:T0PSECRET@127.0.0.1:9/T0PSECRET', http_config: {http_headers: "
         "{X-Key: {secrets: [T0PSECRET]}}}}"},
        {"webhook",
         "{url: 'http://127.0.0.1:9/', http_config: {basic_auth: {username: u, password: "
         "T0PSECRET}}}"},
        {"discord", "{webhook_url: 'http://127.0.0.1:9/api/webhooks/1/T0PSECRET'}"},
        {"msteamsv2", "{webhook_url: 'http://127.0.0.1:9/workflows/x?sig=T0PSECRET'}"},
        {"alertmanager", "{urls: ['http://u:T0PSECRET@127.0.0.1:9']}"},
        {"email",
         "{to: a@b.example, from: c@d.example, smarthost: '127.0.0.1:9', auth_username: u, "
         "auth_password: T0PSECRET}"},
        {"opsgenie", "{api_key: T0PSECRET}"},
        {"telegram", "{bot_token: '1:T0PSECRET', chat_id: 1}"},
    };
    std::set<std::string> kinds;
    for (const auto& [kind, entry] : all) {
        kinds.insert(kind);
        const auto receiver = integration(kind, entry);
        const Message message = receiver->render(sample(1, 0, kind));
        BOOST_TEST(message.template_error.find("T0PSECRET") == std::string::npos);
        // A service that sends back what it got.
        std::string echo;
        for (const auto& request : message.requests) {
            echo += request.url + " " + request.body.substr(0, 300);
            for (const auto& header : request.headers)
                echo += " " + header.value;
        }
        for (const int status : {200, 302, 400, 404, 429, 500}) {
            for (const char* type : {"text/plain", "application/json"}) {
                for (const std::string& said :
                     {echo, R"({"ok":false,"error":"key T0PSECRET is no good"})" + std::string()}) {
                    const auto delivery =
                        receiver->classify(answer(status, said, {{"Content-Type", type}}));
                    BOOST_TEST(delivery.detail.find("T0PSECRET") == std::string::npos,
                               kind << ": " << delivery.detail);
                }
            }
        }
    }
    BOOST_TEST(kinds.size() == receiver_kinds().size());
}

BOOST_AUTO_TEST_CASE(no_mistake_repeats_a_secret) {
    for (const char* entry :
         {"slack_configs: [{api_url: 'ftp://T0PSECRET/x'}]",
          "slack_configs: [{api_url: T0PSECRET}]",
          "webhook_configs: [{url: 'http://T0PSECRET with space/'}]",
          "webhook_configs: [{url: 'http://x', http_config: {proxy_url: 'T0PSECRET'}}]",
          "alertmanager_configs: [{urls: ['ftp://T0PSECRET@x']}]",
          "email_configs: [{auth_password: T0PSECRET}]",
          "discord_configs: [{webhook_url: 'T0PSECRET'}]",
          "msteamsv2_configs: [{webhook_url: 'ftp://T0PSECRET'}]",
          "telegram_configs: [{bot_token: 'T0PSECRET x', chat_id: 1}]",
          "opsgenie_configs: [{api_key: 'T0PSECRET', api_url: 'ftp://x'}]",
          "webhook_configs: [{url: 'http://x', http_config: {authorization: {credentials: "
          "\"T0PSECRET\\n\"}}}]"}) {
        const std::string found = mistakes(
            std::string("route: {receiver: ops}\nreceivers:\n  - name: ops\n    ") + entry);
        BOOST_TEST(!found.empty(), entry);
        BOOST_TEST(found.find("T0PSECRET") == std::string::npos, found);
    }
}

BOOST_AUTO_TEST_CASE(a_secret_that_is_part_of_what_hides_it_is_hidden_once) {
    const std::vector<Secret> secrets = {Secret("secret"), Secret("e")};
    BOOST_TEST(without_secrets("no secret here", {secrets.data(), 1}) == "no <secret> here");
    BOOST_TEST(without_secrets("secretsecret", {secrets.data(), 1}) == "<secret><secret>");
    BOOST_TEST(without_secrets("me", {secrets.data() + 1, 1}) == "m<secret>");
    const std::string long_text(1 << 20, 'e');
    BOOST_TEST(without_secrets(long_text, {secrets.data() + 1, 1}).size() == (8U << 20));
}

BOOST_AUTO_TEST_SUITE_END()

#include <boost/test/unit_test.hpp>

#include "tests/alerting/samples.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using nlohmann::json;

namespace {

IntegrationPtr discord(const std::string& more = "") {
    return integration("discord", "{webhook_url: 'http://127.0.0.1:9/api/webhooks/1/tokentoken'" +
                                      (more.empty() ? "" : ", " + more) + "}");
}

json body(const Notification& notification, const std::string& more = "") {
    return json::parse(discord(more)->render(notification).requests.at(0).body);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(discord_receiver)

BOOST_AUTO_TEST_CASE(payloads_are_as_they_were) {
    check_golden("discord_firing", discord()->render(sample(1, 0, "discord")));
    check_golden("discord_resolved", discord()->render(sample(0, 1, "discord")));
    check_golden("discord_thirty", discord()->render(sample(30, 0, "discord")));
    check_golden("discord_hostile", discord()->render(hostile("discord")));
    check_golden("discord_all_options",
                 discord("title: '{{ .Status }}', message: m, content: '<@&1> look', username: us, "
                         "avatar_url: 'https://us.example/a_b.png'")
                     ->render(sample(1, 0, "discord")));
}

BOOST_AUTO_TEST_CASE(nobody_is_mentioned_but_by_the_configuration) {
    const json plain = body(hostile("discord"));
    BOOST_TEST(plain["allowed_mentions"]["parse"].empty());
    const json made = body(hostile("discord"), "content: '@here {{ .GroupLabels.alertname }}'");
    const std::string content = made["content"];
    BOOST_TEST(made["allowed_mentions"]["parse"].size() == 3U);
    BOOST_TEST(content.starts_with("@here "));
    BOOST_TEST(content.find("@here", 1) == std::string::npos);
    BOOST_TEST(content.find("<@") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(texts_keep_to_the_limits) {
    const json made = body(sample(500, 0, "discord"),
                           "title: '{{ range .Alerts }}{{ .Labels.instance }}{{ end }}', content: "
                           "'{{ range .Alerts }}{{ .Labels.instance }}{{ end }}'");
    const auto characters = [](const std::string& text) {
        return std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; });
    };
    BOOST_TEST(characters(made["embeds"][0]["title"]) == 256);
    BOOST_TEST(characters(made["embeds"][0]["description"]) == 4'096);
    BOOST_TEST(characters(made["content"]) == 2'000);
}

BOOST_AUTO_TEST_CASE(a_failing_template_goes_out_plain_with_the_error) {
    const Message message =
        discord("message: '{{ .Alerts.Nothing }}'")->render(sample(1, 0, "discord"));
    BOOST_TEST(!message.template_error.empty());
    const json embed = json::parse(message.requests[0].body)["embeds"][0];
    BOOST_TEST(embed["title"] == "\\[FIRING:1\\] InstanceDown");
    const std::string text = embed["description"];
    BOOST_TEST(text.find("The shop is down") != std::string::npos);
    BOOST_TEST(text.find("a template failed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_answer_has_its_meaning) {
    const auto means = [](int status, const std::string& said = "",
                          std::vector<runtime::HttpHeader> headers = {}) {
        return verdict(discord()->classify(answer(status, said, std::move(headers))));
    };
    BOOST_TEST(means(204) == "delivered");
    BOOST_TEST(means(200, "{}") == "delivered");
    BOOST_TEST(means(400, R"({"code":50035})") == "rejected client_error");
    BOOST_TEST(means(401) == "rejected client_error");
    BOOST_TEST(means(404, R"({"code":10015,"message":"Unknown Webhook"})") ==
               "rejected client_error");
    BOOST_TEST(means(429, R"({"retry_after":0.65,"global":false})") ==
               "retry rate_limited after 650ms");
    BOOST_TEST(means(429, R"({"retry_after":-1})") == "retry rate_limited after 0s");
    BOOST_TEST(means(429, R"({"retry_after":"soon"})", {{"Retry-After", "3"}}) ==
               "retry rate_limited after 3s");
    BOOST_TEST(means(429, "no json", {{"Retry-After", "2"}}) == "retry rate_limited after 2s");
    BOOST_TEST(means(429, "[]") == "retry rate_limited");
    BOOST_TEST(means(500) == "retry server_error");
    BOOST_TEST(means(502) == "retry server_error");
    BOOST_TEST(means(302) == "rejected bad_answer");
}

BOOST_AUTO_TEST_SUITE_END()

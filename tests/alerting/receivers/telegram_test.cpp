#include <boost/test/unit_test.hpp>

#include "tests/alerting/sending.h"
#include "tests/support/scripted_server.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using nlohmann::json;
using pilotlight::testing::http_answer;
using pilotlight::testing::ScriptedServer;

namespace {

IntegrationPtr telegram(const std::string& more = "") {
    return integration("telegram", "{bot_token: '123:AAtokentoken', chat_id: -1001234" +
                                       (more.empty() ? "" : ", " + more) + "}");
}

json body(const Notification& notification, const std::string& more = "") {
    return json::parse(telegram(more)->render(notification).requests.at(0).body);
}

std::int64_t characters(const std::string& text) {
    return std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; });
}

std::string received_body(const ScriptedServer& server, std::size_t connection) {
    const std::string all = server.received(connection);
    return all.substr(all.find("\r\n\r\n") + 4);
}

const std::vector<std::string> kJson{"Content-Type: application/json"};

}  // namespace

BOOST_AUTO_TEST_SUITE(telegram_receiver)

BOOST_AUTO_TEST_CASE(payloads_are_as_they_were) {
    check_golden("telegram_firing", telegram()->render(sample(1, 0, "telegram")));
    check_golden("telegram_resolved", telegram()->render(sample(0, 1, "telegram")));
    check_golden("telegram_thirty", telegram()->render(sample(30, 0, "telegram")));
    check_golden("telegram_hostile", telegram()->render(hostile("telegram")));
    check_golden("telegram_markdown_v2",
                 telegram("parse_mode: MarkdownV2")->render(sample(1, 0, "telegram")));
    check_golden("telegram_all_options",
                 telegram("api_url: 'https://bots.example/', parse_mode: MarkdownV2, message: "
                          "'*{{ .GroupLabels.alertname }}*', message_thread_id: 7, "
                          "disable_notifications: true")
                     ->render(hostile("telegram")));
}

BOOST_AUTO_TEST_CASE(the_text_keeps_to_4096_characters_with_its_markup_whole) {
    for (const char* mode : {"HTML", "MarkdownV2", "Markdown", "''"}) {
        const std::string text =
            body(sample(300, 0, "telegram"), std::string("parse_mode: ") + mode)["text"];
        BOOST_TEST(characters(text) <= 4'096, mode);
        BOOST_TEST(characters(text) > 1'000, mode);
    }
    const std::string html = body(sample(300, 0, "telegram"))["text"];
    std::size_t opened = 0;
    std::size_t closed = 0;
    for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
        (html[at + 1] == '/' ? closed : opened)++;
        BOOST_TEST(html.find('>', at) != std::string::npos);
    }
    BOOST_TEST(opened == closed);
}

BOOST_AUTO_TEST_CASE(markdown_that_does_not_fit_goes_as_plain_text) {
    const json made = body(sample(300, 0, "telegram"),
                           "parse_mode: MarkdownV2, message: '*{{ range .Alerts }}{{ "
                           ".Annotations.description }}{{ end }}*'");
    BOOST_TEST(!made.contains("parse_mode"));
    BOOST_TEST(made["text"].get<std::string>().starts_with("[FIRING:300] InstanceDown\n"));
}

BOOST_AUTO_TEST_CASE(nothing_a_label_says_is_markup) {
    const std::string html = body(hostile("telegram"))["text"];
    BOOST_TEST(html.find("<!") == std::string::npos);
    BOOST_TEST(html.find("&lt;!channel&gt; &amp; &lt;@U123&gt;") != std::string::npos);
    Notification notification = sample(1, 0, "telegram");
    notification.group_labels = Labels{{"alertname", "a_b*c[d](e)~`>#+-=|{}.!\\"}};
    const std::string v2 = body(notification,
                                "parse_mode: MarkdownV2, message: '{{ .GroupLabels.alertname "
                                "}}'")["text"];
    BOOST_TEST(v2 == R"(a\_b\*c\[d\]\(e\)\~\`\>\#\+\-\=\|\{\}\.\!\\)");
}

BOOST_AUTO_TEST_CASE(a_failing_template_goes_out_plain_with_the_error) {
    const Message message =
        telegram("message: '{{ .Alerts.Nothing }}'")->render(sample(1, 0, "telegram"));
    BOOST_TEST(!message.template_error.empty());
    const json made = json::parse(message.requests[0].body);
    BOOST_TEST(!made.contains("parse_mode"));
    BOOST_TEST(made["text"].get<std::string>().find("a template failed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_answer_has_its_meaning) {
    const auto means = [](int status, const std::string& said = "") {
        return verdict(telegram()->classify(answer(status, said)));
    };
    BOOST_TEST(means(200, R"({"ok":true,"result":{}})") == "delivered");
    BOOST_TEST(means(200, R"({"ok":false})") == "retry bad_answer");
    BOOST_TEST(means(200, "<html>") == "retry bad_answer");
    BOOST_TEST(means(400, R"({"ok":false,"description":"Bad Request: chat not found"})") ==
               "rejected client_error");
    BOOST_TEST(means(401) == "rejected client_error");
    BOOST_TEST(means(403) == "rejected client_error");
    BOOST_TEST(means(404) == "rejected client_error");
    BOOST_TEST(means(429, R"({"ok":false,"parameters":{"retry_after":35}})") ==
               "retry rate_limited after 35s");
    BOOST_TEST(means(429, R"({"ok":false,"parameters":[]})") == "retry rate_limited");
    BOOST_TEST(means(429, "[1]") == "retry rate_limited");
    BOOST_TEST(means(500) == "retry server_error");
    BOOST_TEST(means(502) == "retry server_error");
}

BOOST_AUTO_TEST_CASE(markup_that_telegram_cannot_read_goes_again_without) {
    ScriptedServer server(
        {http_answer(400, R"({"ok":false,"description":"Bad Request: can't parse entities"})",
                     kJson),
         http_answer(200, R"({"ok":true})", kJson)});
    const auto receiver = telegram("api_url: '" + server.url("") + "', message: '<b>open'");
    BOOST_TEST(verdict(send_once(receiver, sample(1, 0, "telegram")).delivery) == "delivered");
    BOOST_TEST(server.received(0).starts_with("POST /bot123:AAtokentoken/sendMessage HTTP/1.1"));
    const json second = json::parse(received_body(server, 1));
    BOOST_TEST(!second.contains("parse_mode"));
    BOOST_TEST(second["text"].get<std::string>().find("The shop is down") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_group_that_grew_is_followed) {
    ScriptedServer server(
        {http_answer(400, R"({"ok":false,"parameters":{"migrate_to_chat_id":-100999}})", kJson),
         http_answer(200, R"({"ok":true})", kJson)});
    const auto receiver = telegram("api_url: '" + server.url("") + "'");
    BOOST_TEST(verdict(send_once(receiver, sample(1, 0, "telegram")).delivery) == "delivered");
    const json first = json::parse(received_body(server, 0));
    const json second = json::parse(received_body(server, 1));
    BOOST_TEST(second["chat_id"] == -100999);
    BOOST_TEST(second["text"] == first["text"]);
    BOOST_TEST(second["parse_mode"] == "HTML");
}

BOOST_AUTO_TEST_CASE(what_it_lacks_is_told) {
    const auto of = [](const std::string& entry) {
        return mistakes(
            "route: {receiver: ops}\nreceivers:\n  - name: ops\n    telegram_configs: "
            "[{" +
            entry + "}]\n");
    };
    BOOST_TEST(of("chat_id: 1").find("no token") != std::string::npos);
    BOOST_TEST(of("bot_token: a").find("expected a number other than 0") != std::string::npos);
    BOOST_TEST(of("bot_token: a, chat_id: '@ops'").find("expected a number") != std::string::npos);
    BOOST_TEST(of("bot_token: 'a b', chat_id: 1").find("no URL may have") != std::string::npos);
    BOOST_TEST(of("bot_token: a, chat_id: 1, parse_mode: html").find("got \"html\"") !=
               std::string::npos);
    BOOST_TEST(of("bot_token: a, bot_token_file: b, chat_id: 1").find("at most one of") !=
               std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

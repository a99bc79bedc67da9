#include <boost/test/unit_test.hpp>

#include "alerting/receivers/slack_memory.h"
#include "tests/alerting/sending.h"
#include "tests/support/scripted_server.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using namespace std::chrono_literals;
using nlohmann::json;
using pilotlight::testing::http_answer;
using pilotlight::testing::Script;
using pilotlight::testing::ScriptedServer;

namespace {

const std::vector<std::string> kJson{"Content-Type: application/json; charset=utf-8"};

Script ok(const std::string& more = R"("channel":"C1","ts":"17.5")") {
    return http_answer(200, R"({"ok":true,)" + more + "}", kJson);
}

Script refused(const std::string& error) {
    return http_answer(200, R"({"ok":false,"error":")" + error + "\"}", kJson);
}

IntegrationPtr bot(const std::string& url = "http://127.0.0.1:9/api/chat.postMessage",
                   const std::string& more = "") {
    return integration("slack", "{app_token: xoxb-T0PSECRET, channel: '#ops', app_url: '" + url +
                                    "'" + (more.empty() ? "" : ", " + more) + "}");
}

IntegrationPtr bot_of(const ScriptedServer& server, const std::string& more = "") {
    return bot(server.url("/api/chat.postMessage"), more);
}

std::string path(const ScriptedServer& server, std::size_t connection) {
    const std::string all = server.received(connection);
    return all.substr(5, all.find(" HTTP") - 5);
}

json body(const ScriptedServer& server, std::size_t connection) {
    const std::string all = server.received(connection);
    return json::parse(all.substr(all.find("\r\n\r\n") + 4));
}

Notification numbered(std::uint64_t sequence, int firing, int resolved,
                      Cause cause = Cause::changed) {
    Notification notification = sample(firing, resolved, "slack");
    notification.sequence = sequence;
    notification.cause = cause;
    return notification;
}

/// After a message that shows one firing alert.
std::string memory(std::uint64_t shows = 1) {
    return SlackMemory{"C1", "17.5", shows, {sample_alert("web-0").fingerprint()}}.to_text();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(slack_bot)

BOOST_AUTO_TEST_CASE(payloads_are_as_they_were) {
    check_golden("slack_bot_firing", bot()->render(sample(1, 0, "slack")));
    check_golden("slack_bot_resolved", bot()->render(sample(0, 1, "slack")));
    check_golden("slack_bot_mixed", bot()->render(sample(2, 1, "slack")));
    check_golden("slack_bot_thirty", bot()->render(sample(30, 0, "slack")));
    check_golden("slack_bot_hostile", bot()->render(hostile("slack")));
}

BOOST_AUTO_TEST_CASE(blocks_keep_to_slacks_limits) {
    for (const Notification& notification : {hostile("slack"), sample(500, 0, "slack")}) {
        const json made = json::parse(bot()->render(notification).requests.at(0).body);
        const json& blocks = made["attachments"][0]["blocks"];
        BOOST_TEST(blocks.size() <= 50U);
        std::size_t total = 0;
        for (const json& block : blocks) {
            if (block["type"] != "section") continue;
            const std::string text = block["text"]["text"];
            const auto characters = std::ranges::count_if(
                text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
            BOOST_TEST(characters <= 3'000);
            total += static_cast<std::size_t>(characters);
        }
        BOOST_TEST(total <= 12'100U);
    }
}

BOOST_AUTO_TEST_CASE(options_of_attachments_make_an_attachment) {
    const json made = json::parse(bot("http://127.0.0.1:9/api/chat.postMessage", "title: mine")
                                      ->render(sample(1, 0, "slack"))
                                      .requests.at(0)
                                      .body);
    BOOST_TEST(made["attachments"][0]["title"] == "mine");
    BOOST_TEST(!made["attachments"][0].contains("blocks"));
    const json with_blocks = json::parse(
        integration("slack", "{api_url: 'http://127.0.0.1:9/hook', blocks: true, title: mine}")
            ->render(sample(1, 0, "slack"))
            .requests.at(0)
            .body);
    BOOST_TEST(with_blocks["text"] == "*<https://pilotlight.example|mine>*");
}

BOOST_AUTO_TEST_CASE(the_first_message_is_posted_and_remembered) {
    ScriptedServer server(ok());
    const Sent sent = send_once(bot_of(server), numbered(1, 1, 0, Cause::first));
    BOOST_TEST(verdict(sent.delivery) == "delivered");
    BOOST_TEST(path(server, 0) == "/api/chat.postMessage");
    BOOST_TEST(server.received(0).find("Authorization: Bearer xoxb-T0PSECRET\r\n") !=
               std::string::npos);
    BOOST_REQUIRE(sent.memory.has_value());
    const auto known = SlackMemory::parse(*sent.memory);
    BOOST_REQUIRE(known.has_value());
    BOOST_TEST(known->channel == "C1");
    BOOST_TEST(known->ts == "17.5");
    BOOST_TEST(known->shows == 1U);
    BOOST_TEST(known->fired.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_change_edits_the_message_and_tells_the_thread) {
    ScriptedServer server({ok(), ok()});
    const Sent sent = send_once(bot_of(server), numbered(2, 2, 1), memory());
    BOOST_TEST(verdict(sent.delivery) == "delivered");
    BOOST_TEST(path(server, 0) == "/api/chat.update");
    BOOST_TEST(body(server, 0)["ts"] == "17.5");
    BOOST_TEST(body(server, 0)["channel"] == "C1");
    BOOST_TEST(!body(server, 0).contains("username"));
    BOOST_TEST(path(server, 1) == "/api/chat.postMessage");
    const json reply = body(server, 1);
    BOOST_TEST(reply["thread_ts"] == "17.5");
    // One fired before.
    BOOST_TEST(reply["text"] ==
               "Fires since 12:00:00 UTC: *The shop is down*\n"
               "Ended 12:12:34 UTC, after 12m 34s: The shop is down\n");
    BOOST_TEST(reply["reply_broadcast"] == true);
    BOOST_TEST(SlackMemory::parse(*sent.memory)->shows == 2U);
    BOOST_TEST(SlackMemory::parse(*sent.memory)->fired.size() == 2U);
}

BOOST_AUTO_TEST_CASE(an_end_edits_the_message_and_forgets_it) {
    ScriptedServer server({ok(), ok()});
    const Sent sent = send_once(bot_of(server), numbered(2, 0, 1, Cause::resolved), memory());
    BOOST_TEST(verdict(sent.delivery) == "delivered");
    BOOST_TEST(!body(server, 1).contains("reply_broadcast"));
    BOOST_TEST(sent.memory.value_or("unchanged") == "");
}

BOOST_AUTO_TEST_CASE(a_repeat_shows_in_the_channel) {
    ScriptedServer server({ok(), ok()});
    (void)send_once(bot_of(server), numbered(2, 1, 0, Cause::repeat), memory());
    BOOST_TEST(body(server, 1)["text"] == "Still firing: 1 since 12:00:00 UTC\n");
    BOOST_TEST(body(server, 1)["reply_broadcast"] == true);
}

BOOST_AUTO_TEST_CASE(an_edit_that_is_refused_is_a_new_message) {
    for (const char* error : {"message_not_found", "edit_window_closed", "cant_update_message"}) {
        ScriptedServer server({refused(error), ok(R"("channel":"C1","ts":"18.0")")});
        const Sent sent = send_once(bot_of(server), numbered(2, 1, 0), memory());
        BOOST_TEST(verdict(sent.delivery) == "delivered", error);
        BOOST_TEST(server.connections() == 2U);
        BOOST_TEST(path(server, 1) == "/api/chat.postMessage");
        BOOST_TEST(!body(server, 1).contains("thread_ts"));
        BOOST_TEST(body(server, 1)["channel"] == "#ops");
        BOOST_TEST(SlackMemory::parse(*sent.memory)->ts == "18.0");
    }
}

BOOST_AUTO_TEST_CASE(an_edit_that_fails_for_now_is_tried_again) {
    ScriptedServer server(http_answer(429, "", {"Retry-After: 7"}));
    const Sent sent = send_once(bot_of(server), numbered(2, 1, 0), memory());
    BOOST_TEST(verdict(sent.delivery) == "retry rate_limited after 7s");
    BOOST_TEST(!sent.memory.has_value());
}

BOOST_AUTO_TEST_CASE(a_thread_that_fails_for_now_is_tried_again_without_another_edit) {
    ScriptedServer server({ok(), http_answer(503), ok()});
    const auto receiver = bot_of(server);
    const Sent first = send_once(receiver, numbered(2, 2, 0), memory());
    BOOST_TEST(verdict(first.delivery) == "retry server_error");
    BOOST_REQUIRE(first.memory.has_value());
    const Sent second = send_once(receiver, numbered(2, 2, 0), *first.memory);
    BOOST_TEST(verdict(second.delivery) == "delivered");
    BOOST_TEST(server.connections() == 3U);
    BOOST_TEST(body(server, 2)["thread_ts"] == "17.5");
    BOOST_TEST(body(server, 2)["text"] == body(server, 1)["text"]);
}

BOOST_AUTO_TEST_CASE(a_thread_that_is_refused_loses_no_message) {
    ScriptedServer server({ok(), refused("restricted_action")});
    BOOST_TEST(verdict(send_once(bot_of(server), numbered(2, 2, 0), memory()).delivery) ==
               "delivered");
}

BOOST_AUTO_TEST_CASE(update_message_false_posts_each_time) {
    ScriptedServer server(ok());
    const Sent sent =
        send_once(bot_of(server, "update_message: false"), numbered(2, 1, 0), memory());
    BOOST_TEST(verdict(sent.delivery) == "delivered");
    BOOST_TEST(server.connections() == 1U);
    BOOST_TEST(path(server, 0) == "/api/chat.postMessage");
    BOOST_TEST(!sent.memory.has_value());
}

BOOST_AUTO_TEST_CASE(the_web_api_with_a_token_by_http_config_is_a_bot_too) {
    ScriptedServer server(ok());
    const auto receiver = integration(
        "slack", "{api_url: '" + server.url("/api/chat.postMessage") +
                     "', channel: C1, http_config: {authorization: {credentials: xoxb-1}}}");
    const Sent sent = send_once(receiver, numbered(1, 1, 0));
    BOOST_TEST(verdict(sent.delivery) == "delivered");
    BOOST_TEST(sent.memory.has_value());
    BOOST_TEST(server.received().find("Authorization: Bearer xoxb-1\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(answers_that_name_no_message_are_no_memory) {
    for (const char* more : {R"("x":1)", R"("channel":7,"ts":"1")", R"("channel":"C","ts":null)"}) {
        ScriptedServer server(ok(more));
        const Sent sent = send_once(bot_of(server), numbered(1, 1, 0));
        BOOST_TEST(verdict(sent.delivery) == "delivered");
        BOOST_TEST(sent.memory.value_or("none") == "");
    }
    for (const char* text : {"", "no json", "[]", "{}", R"({"channel":"C","ts":""})"})
        BOOST_TEST(!SlackMemory::parse(text).has_value());
    BOOST_TEST(SlackMemory::parse(R"({"channel":"C","ts":"1","shows":"x","fired":3})")->shows ==
               0U);
}

BOOST_AUTO_TEST_CASE(the_bots_token_may_be_global) {
    const auto config = routing(
        "global: {slack_app_token: xoxb-1, slack_app_url: 'http://127.0.0.1:9/api/x', "
        "slack_api_url: 'http://127.0.0.1:9/hook'}\nroute: {receiver: ops}\nreceivers:\n  - name: "
        "ops\n    slack_configs: [{channel: '#a'}, {api_url: 'http://127.0.0.1:9/own'}]\n");
    const auto url = [&](std::size_t index) {
        const auto& receiver = config->receivers[0].integrations.at(index);
        return receiver->render(sample(1, 0, "slack")).requests.at(0).url;
    };
    BOOST_TEST(url(0) == "http://127.0.0.1:9/api/x");
    BOOST_TEST(url(1) == "http://127.0.0.1:9/own");
}

BOOST_AUTO_TEST_SUITE_END()

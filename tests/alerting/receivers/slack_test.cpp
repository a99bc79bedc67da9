#include <boost/test/unit_test.hpp>

#include "tests/alerting/samples.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using nlohmann::json;

namespace {

constexpr const char* kWebhook = "api_url: http://127.0.0.1:9/services/T0/B0/secretpath";

IntegrationPtr slack(const std::string& more = "") {
    return integration("slack",
                       std::string("{") + kWebhook + (more.empty() ? "" : ", " + more) + "}");
}

json body(const Notification& notification, const std::string& more = "") {
    const Message message = slack(more)->render(notification);
    return json::parse(message.requests.at(0).body);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(slack_receiver)

BOOST_AUTO_TEST_CASE(payloads_are_as_they_were) {
    check_golden("slack_firing", slack()->render(sample(1, 0, "slack")));
    check_golden("slack_resolved", slack()->render(sample(0, 1, "slack")));
    check_golden("slack_mixed", slack()->render(sample(2, 1, "slack")));
    check_golden("slack_thirty", slack()->render(sample(30, 0, "slack")));
    check_golden("slack_hostile", slack()->render(hostile("slack")));
    Notification missed = sample(0, 1, "slack");
    missed.missed = true;
    check_golden("slack_missed", slack()->render(missed));
    check_golden("slack_all_options",
                 slack("channel: '#ops', username: us, icon_emoji: ':fire:', short_fields: true, "
                       "link_names: true, title: '{{ .Status }}', text: 'see {{ .ExternalURL }}', "
                       "title_link: 'https://x.example/?a=1&n={{ .GroupLabels.alertname }}', "
                       "pretext: p, fallback: f, footer: foot, callback_id: c, message_text: m, "
                       "image_url: 'https://x.example/i.png', thumb_url: 't', color: '#123456', "
                       "mrkdwn_in: [text], fields: [{title: t, value: '{{ .Alerts | len }}'}, "
                       "{title: u, value: v, short: false}], actions: [{type: button, text: Go, "
                       "url: 'https://x.example/{{ .Status }}', style: primary}]")
                     ->render(sample(1, 0, "slack")));
}

BOOST_AUTO_TEST_CASE(nothing_a_label_says_wakes_a_channel_or_makes_a_link) {
    const json attachment = body(hostile("slack"))["attachments"][0];
    for (const char* key : {"title", "text", "fallback"}) {
        const std::string text = attachment[key];
        BOOST_TEST(text.find('<') == std::string::npos, key << ": " << text);
        BOOST_TEST(text.find("@here") == std::string::npos, key << ": " << text);
        BOOST_TEST(text.find('\x1b') == std::string::npos, key);
    }
    BOOST_TEST(attachment["title"].get<std::string>().find("&lt;!channel&gt; &amp;") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(texts_keep_to_slacks_limits_and_are_cut_between_characters) {
    Notification notification = sample(1, 0, "slack");
    std::string many;
    for (int i = 0; i < 5'000; ++i)
        many += "é&";
    notification.alerts[0].annotations = Labels{{"summary", many}};
    const std::string text =
        body(notification, "text: '{{ .CommonAnnotations.summary }}'")["attachments"][0]["text"];
    BOOST_TEST(text.ends_with("…"));
    // No escape is left in pieces: every & begins a whole one.
    for (std::size_t at = text.find('&'); at != std::string::npos; at = text.find('&', at + 1)) {
        BOOST_TEST(text.substr(at, 5) == "&amp;");
    }
    const std::string title =
        body(notification, "title: '{{ .CommonAnnotations.summary }}'")["attachments"][0]["title"];
    BOOST_TEST(title.size() < 1'024U * 4);
}

BOOST_AUTO_TEST_CASE(a_failing_template_goes_out_plain_with_the_error) {
    const auto integration = slack("title: '{{ .Alerts.Firing.Nothing }}', channel: '#ops'");
    const Message message = integration->render(sample(1, 1, "slack"));
    BOOST_TEST(message.template_error.find("Nothing") != std::string::npos);
    check_golden("slack_template_error", message);
}

BOOST_AUTO_TEST_CASE(a_bots_token_goes_into_a_header) {
    const auto bot = integration("slack", "{app_token: xoxb-secret, channel: '#ops'}");
    const Message message = bot->render(sample(1, 0, "slack"));
    BOOST_TEST(message.requests[0].url == "https://slack.com/api/chat.postMessage");
    BOOST_TEST(message.requests[0].headers.back().value == "Bearer xoxb-secret");
    BOOST_TEST(json::parse(message.requests[0].body)["channel"] == "#ops");
}

BOOST_AUTO_TEST_CASE(every_answer_has_its_meaning) {
    const auto receiver = slack();
    const auto means = [&](const runtime::HttpResult& result) {
        return verdict(receiver->classify(result));
    };
    const std::vector<runtime::HttpHeader> as_json{{"Content-Type", "application/json"}};
    BOOST_TEST(means(answer(200, "ok")) == "delivered");
    BOOST_TEST(means(answer(200, "no_text")) == "rejected bad_answer");
    BOOST_TEST(means(answer(200, "{\"ok\":true}", as_json)) == "delivered");
    BOOST_TEST(means(answer(200, R"({"ok":false,"error":"channel_not_found"})", as_json)) ==
               "rejected client_error");
    BOOST_TEST(means(answer(200, R"({"ok":false,"error":"ratelimited"})", as_json)) ==
               "retry rate_limited");
    BOOST_TEST(means(answer(200, R"({"ok":false,"error":"fatal_error"})", as_json)) ==
               "retry server_error");
    BOOST_TEST(means(answer(200, "{", as_json)) == "retry bad_answer");
    BOOST_TEST(means(answer(429, "", {{"Retry-After", "30"}})) == "retry rate_limited after 30s");
    BOOST_TEST(means(answer(429)) == "retry rate_limited");
    for (const int status : {400, 403, 404, 410, 413}) {
        BOOST_TEST(means(answer(status, "channel_is_archived")) == "rejected client_error");
    }
    BOOST_TEST(means(answer(408)) == "retry server_error");
    for (const int status : {500, 502, 503, 504}) {
        BOOST_TEST(means(answer(status)) == "retry server_error");
    }
    BOOST_TEST(means(answer(302)) == "rejected bad_answer");
    BOOST_TEST(receiver->classify(answer(404, "no_service")).detail == "HTTP 404: no_service");
}

BOOST_AUTO_TEST_SUITE_END()

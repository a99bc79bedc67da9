#include <boost/test/unit_test.hpp>

#include "alerting/message_template.h"
#include "alerting/receivers/registry.h"
#include "tests/alerting/samples.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using nlohmann::json;

namespace {

/// One entry of each kind whose messages people read.
const std::pair<std::string, std::string> kRead[] = {
    {"slack", "{api_url: 'http://127.0.0.1:9/x'}"},
    {"slack", "{app_token: t, channel: c}"},
    {"pagerduty", "{routing_key: k}"},
    {"discord", "{webhook_url: 'http://127.0.0.1:9/x'}"},
    {"msteamsv2", "{webhook_url: 'http://127.0.0.1:9/x'}"},
    {"opsgenie", "{api_key: k}"},
    {"telegram", "{bot_token: t, chat_id: 1}"},
    {"telegram", "{bot_token: t, chat_id: 1, parse_mode: MarkdownV2}"},
    {"telegram", "{bot_token: t, chat_id: 1, parse_mode: ''}"},
};

/// Every text in `value`.
void collect(const json& value, std::vector<std::string>& texts) {
    if (value.is_string()) texts.push_back(value.get<std::string>());
    if (!value.is_structured()) return;
    for (const json& part : value)
        collect(part, texts);
}

std::vector<std::string> texts_of(const std::string& kind, const std::string& entry,
                                  const Notification& notification) {
    std::vector<std::string> texts;
    for (const auto& request : integration(kind, entry)->render(notification).requests)
        collect(json::parse(request.body), texts);
    return texts;
}

/// Its own templates, one that fails, and one that says the hostile texts outright.
std::vector<std::string> entries_of(const std::string& kind, std::string entry) {
    const bool has_message = kind == "telegram" || kind == "opsgenie";
    const std::string option = kind == "pagerduty" ? "description"
                               : has_message       ? "message"
                                                   : "title";
    const auto with = [&](const std::string& text) {
        return entry.substr(0, entry.size() - 1) + ", " + option + ": '" + text + "'}";
    };
    return {entry, with("{{ .Alerts.Nothing }}"),
            with("{{ range .Alerts }}{{ .Labels }} {{ .Annotations }}{{ end }}")};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hostile_alerts)

BOOST_AUTO_TEST_CASE(nothing_hides_or_turns_round_what_people_read) {
    std::set<std::string> kinds{"email", "webhook", "alertmanager"};
    for (const auto& [kind, plain] : kRead) {
        kinds.insert(kind);
        for (const std::string& entry : entries_of(kind, plain)) {
            const auto texts = texts_of(kind, entry, hostile(kind));
            BOOST_TEST(!texts.empty());
            for (const std::string& text : texts) {
                const std::string seen = readable(text, SIZE_MAX);
                BOOST_TEST(text == seen, kind << " says " << json(text).dump());
            }
        }
    }
    BOOST_TEST(kinds.size() == receiver_kinds().size());
}

BOOST_AUTO_TEST_CASE(no_link_leads_where_a_label_broke_out) {
    for (const auto& [kind, entry] : kRead) {
        for (const std::string& text : texts_of(kind, entry, hostile(kind))) {
            if (text.starts_with("http")) BOOST_TEST(text.find("evil") == std::string::npos, text);
        }
    }
}

BOOST_AUTO_TEST_CASE(no_label_begins_a_header_of_a_mail) {
    for (const char* more :
         {"", ", headers: {Subject: '{{ .GroupLabels.alertname }}', X-Who: '{{ .CommonLabels }}'}",
          ", headers: {Subject: '{{ .Alerts.Nothing }}'}"}) {
        const auto mail =
            integration("email", std::string("{to: ops@example.com, from: w@example.com, "
                                             "smarthost: '127.0.0.1:9'") +
                                     more + "}")
                ->render(hostile("email"))
                .mail;
        const std::string head = mail.substr(0, mail.find("\r\n\r\n") + 2);
        for (std::size_t at = 0; at < head.size(); at = head.find("\r\n", at) + 2) {
            const std::string line = head.substr(at, head.find("\r\n", at) - at);
            BOOST_TEST(line.find('\n') == std::string::npos);
            BOOST_TEST(line.find('\r') == std::string::npos);
            BOOST_TEST(!line.starts_with("Bcc"), line);
            BOOST_TEST(!line.starts_with("X-Evil"), line);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

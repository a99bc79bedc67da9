#include "alerting/redacted.h"

#include <boost/test/unit_test.hpp>

#include "alerting/routing_config.h"
#include "config/yaml.h"

using namespace pilotlight;
using namespace pilotlight::alerting;

namespace {

std::string redacted(const std::string& yaml) {
    return redacted_yaml(config::parse_yaml(yaml, "alerting.yaml").value());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redacted_config)

BOOST_AUTO_TEST_CASE(keeps_keys_order_and_texts) {
    BOOST_TEST(redacted("route:\n  receiver: ops\n  group_by: ['...']\n  group_wait: 30s\n"
                        "  matchers: [\"a=\\\"b\\\"\", 'x: y']\n"
                        "receivers: [{name: ops}, {name: \"5\"}]\ntemplates: []\n") ==
               "route:\n  receiver: ops\n  group_by:\n    - \"...\"\n  group_wait: 30s\n"
               "  matchers:\n    - \"a=\\\"b\\\"\"\n    - \"x: y\"\n"
               "receivers:\n  -\n    name: ops\n  -\n    name: \"5\"\ntemplates: []\n");
}

BOOST_AUTO_TEST_CASE(is_the_same_document_for_whoever_reads_it) {
    const std::string text =
        "a: {b: [1, [], {}, null, true, 'yes'], \"k: y\": \"line\\nbreak \\u0001 é\"}\n";
    const Node once = config::parse_yaml(text, "f").value();
    const std::string written = redacted_yaml(once);
    const Node again = config::parse_yaml(written, "f").value();
    BOOST_TEST(redacted_yaml(again) == written);
    BOOST_TEST(again.find("a")->find("k: y")->scalar == "line\nbreak \x01 é");
    BOOST_TEST(again.find("a")->find("b")->items[5].quoted);
}

BOOST_AUTO_TEST_CASE(shows_no_secret_of_any_receiver) {
    const std::string text = redacted(R"(
global:
  slack_api_url: https://hooks.slack.com/S3CRET
  smtp_auth_password: S3CRET
  smtp_auth_secret: S3CRET
  opsgenie_api_key: S3CRET
  victorops_api_key: S3CRET
  wechat_api_secret: S3CRET
  telegram_bot_token: S3CRET
  slack_app_token: S3CRET
  mattermost_webhook_url: https://m/S3CRET
  pagerduty_url: https://user:S3CRET@events.pagerduty.com/v2/enqueue
  http_config:
    basic_auth: {username: u, password: S3CRET}
    authorization: {type: Bearer, credentials: S3CRET}
    oauth2: {client_id: i, client_secret: S3CRET, token_url: https://t/}
    proxy_url: http://u:S3CRET@proxy:1
    proxy_connect_header: {X-Key: [S3CRET]}
    http_headers: {X-Key: {values: [S3CRET], secrets: [S3CRET], files: [f]}}
    bearer_token: S3CRET
    tls_config: {cert: shown, key: S3CRET, key_file: k}
receivers:
  - name: ops
    slack_configs: [{api_url: https://hooks.slack.com/S3CRET, channel: '#ops', app_token: S3CRET}]
    webhook_configs: [{url: 'http://hook/S3CRET'}]
    discord_configs: [{webhook_url: 'http://hook/S3CRET'}]
    msteamsv2_configs: [{webhook_url: 'http://hook/S3CRET'}]
    pagerduty_configs: [{routing_key: S3CRET, service_key: S3CRET, url: 'https://pd/'}]
    opsgenie_configs: [{api_key: S3CRET, api_url: 'https://og/'}]
    telegram_configs: [{bot_token: S3CRET, chat_id: 5}]
    email_configs: [{to: a@b.example, auth_password: S3CRET, auth_secret: S3CRET}]
    alertmanager_configs: [{urls: ['http://u:S3CRET@am:9093']}]
    pushover_configs: [{user_key: S3CRET, token: S3CRET, token_file: f}]
    sns_configs: [{sigv4: {access_key: S3CRET, secret_key: S3CRET}}]
)");
    BOOST_TEST(!text.contains("S3CRET"));
    for (const char* kept :
         {"channel: \"#ops\"", "token_url: \"https://t/\"", "username: u", "url: \"https://pd/\"",
          "api_url: \"https://og/\"", "chat_id: 5", "to: \"a@b.example\"", "token_file: f",
          "slack_api_url: <secret>", "\"https://<secret>@events.pagerduty.com/v2/enqueue\"",
          "client_id: i", "cert: shown", "key_file: k"}) {
        BOOST_TEST(text.contains(kept), "missing: " << kept);
    }
}

BOOST_AUTO_TEST_CASE(every_option_that_is_a_secret_is_hidden) {
    std::size_t secrets = 0;
    for (const SectionDoc& section : alerting_option_docs()) {
        for (const config::OptionDoc& option : section.options) {
            if (!option.type.contains("secret")) continue;
            ++secrets;
            const std::string text =
                redacted(section.name + ": [{" + std::string(option.key) + ": S3CRET}]");
            BOOST_TEST(!text.contains("S3CRET"), section.name << "." << option.key);
        }
    }
    BOOST_TEST(secrets > 3U);
}

BOOST_AUTO_TEST_CASE(shows_nothing_that_came_from_the_environment) {
    Node node = config::parse_yaml("route: {receiver: ops}", "f").value();
    node.entries[0].value.entries[0].value.from_environment = true;
    BOOST_TEST(redacted_yaml(node) == "route:\n  receiver: <secret>\n");
}

BOOST_AUTO_TEST_SUITE_END()

#include "alerting/global_options.h"

#include <fmt/format.h>

#include "alerting/read_context.h"
#include "alerting/tls_options.h"

namespace pilotlight::alerting {
namespace {

struct RawGlobal {
    Duration resolve_timeout = std::chrono::minutes(5);
    std::optional<Node> http_config;
    Secret slack_api_url;
    std::string slack_api_url_file;
    Secret slack_app_token;
    std::string slack_app_token_file;
    std::string slack_app_url = GlobalOptions().slack_app_url;
    std::string pagerduty_url = GlobalOptions().pagerduty_url;
    std::string opsgenie_api_url = GlobalOptions().opsgenie_api_url;
    Secret opsgenie_api_key;
    std::string opsgenie_api_key_file;
    std::string telegram_api_url = GlobalOptions().telegram_api_url;
    Secret telegram_bot_token;
    std::string telegram_bot_token_file;
    std::string smtp_from;
    std::string smtp_smarthost;
    std::string smtp_hello = "localhost";
    std::string smtp_auth_username;
    Secret smtp_auth_password;
    std::string smtp_auth_password_file;
    Secret smtp_auth_secret;
    std::string smtp_auth_secret_file;
    std::string smtp_auth_identity;
    bool smtp_require_tls = true;
    std::optional<bool> smtp_force_implicit_tls;
    std::optional<Node> smtp_tls_config;
};

constexpr config::Option<RawGlobal> kGlobalOptions[] = {
    config::option<&RawGlobal::resolve_timeout>(
        "resolve_timeout", "5m", "after which an alert from outside that is not sent again ends"),
    config::option<&RawGlobal::http_config>("http_config", "",
                                            "for receivers without one of their own"),
    config::option<&RawGlobal::slack_api_url>("slack_api_url", "", "for slack_configs without one"),
    config::option<&RawGlobal::slack_api_url_file>("slack_api_url_file", "",
                                                   "a file that holds it"),
    config::option<&RawGlobal::slack_app_token>("slack_app_token", "",
                                                "a bot's token, for slack_configs without one"),
    config::option<&RawGlobal::slack_app_token_file>("slack_app_token_file", "",
                                                     "a file that holds it"),
    config::option<&RawGlobal::slack_app_url>(
        "slack_app_url", "https://slack.com/api/chat.postMessage", "where a bot posts"),
    config::option<&RawGlobal::pagerduty_url>("pagerduty_url",
                                              "https://events.pagerduty.com/v2/enqueue",
                                              "for pagerduty_configs without one"),
    config::option<&RawGlobal::opsgenie_api_url>("opsgenie_api_url", "https://api.opsgenie.com/",
                                                 "for opsgenie_configs without one"),
    config::option<&RawGlobal::opsgenie_api_key>("opsgenie_api_key", "",
                                                 "for opsgenie_configs without one"),
    config::option<&RawGlobal::opsgenie_api_key_file>("opsgenie_api_key_file", "",
                                                      "a file that holds it"),
    config::option<&RawGlobal::telegram_api_url>("telegram_api_url", "https://api.telegram.org",
                                                 "for telegram_configs without one"),
    config::option<&RawGlobal::telegram_bot_token>("telegram_bot_token", "",
                                                   "for telegram_configs without one"),
    config::option<&RawGlobal::telegram_bot_token_file>("telegram_bot_token_file", "",
                                                        "a file that holds it"),
    config::option<&RawGlobal::smtp_from>("smtp_from", "", "for email_configs: the sender"),
    config::option<&RawGlobal::smtp_smarthost>("smtp_smarthost", "",
                                               "the mail server, host:port; port 465 means TLS"),
    config::option<&RawGlobal::smtp_hello>("smtp_hello", "localhost",
                                           "what we call ourselves to it"),
    config::option<&RawGlobal::smtp_auth_username>("smtp_auth_username", "",
                                                   "its login; without it there is none"),
    config::option<&RawGlobal::smtp_auth_password>("smtp_auth_password", "", "for PLAIN and LOGIN"),
    config::option<&RawGlobal::smtp_auth_password_file>("smtp_auth_password_file", "",
                                                        "a file that holds it"),
    config::option<&RawGlobal::smtp_auth_secret>("smtp_auth_secret", "", "for CRAM-MD5"),
    config::option<&RawGlobal::smtp_auth_secret_file>("smtp_auth_secret_file", "",
                                                      "a file that holds it"),
    config::option<&RawGlobal::smtp_auth_identity>("smtp_auth_identity", "",
                                                   "whom PLAIN acts for, if not the user"),
    config::option<&RawGlobal::smtp_require_tls>("smtp_require_tls", "true",
                                                 "whether a server without STARTTLS is refused"),
    config::option<&RawGlobal::smtp_force_implicit_tls>("smtp_force_implicit_tls", "on port 465",
                                                        "whether TLS begins at once"),
    config::option<&RawGlobal::smtp_tls_config>("smtp_tls_config", "", "see tls_config"),
};

/// Of receivers that are not here; whoever moves over from Alertmanager may have them.
constexpr std::string_view kForeignGlobals[] = {
    "jira_api_url",           "mattermost_webhook_url",   "mattermost_webhook_url_file",
    "rocketchat_api_url",     "rocketchat_token",         "rocketchat_token_file",
    "rocketchat_token_id",    "rocketchat_token_id_file", "victorops_api_key",
    "victorops_api_key_file", "victorops_api_url",        "webex_api_url",
    "wechat_api_corp_id",     "wechat_api_secret",        "wechat_api_secret_file",
    "wechat_api_url",
};

void read_mail(const Node& node, const RawGlobal& raw, ReadContext& context) {
    MailOptions& mail = context.global.mail;
    mail.from = raw.smtp_from;
    mail.smarthost = raw.smtp_smarthost;
    mail.hello = raw.smtp_hello;
    mail.auth_username = raw.smtp_auth_username;
    mail.auth_password = context.read_secret(node, "smtp_auth_password");
    mail.auth_secret = context.read_secret(node, "smtp_auth_secret");
    mail.auth_identity = raw.smtp_auth_identity;
    mail.require_tls = raw.smtp_require_tls;
    mail.implicit_tls = raw.smtp_force_implicit_tls;
    if (raw.smtp_tls_config) mail.tls = read_tls_options(*raw.smtp_tls_config, context);
}

}  // namespace

void read_global_options(const Node& node, ReadContext& context) {
    RawGlobal raw;
    config::read_options(node, kGlobalOptions, raw, context.errors, kForeignGlobals);
    GlobalOptions& global = context.global;
    global.resolve_timeout = raw.resolve_timeout;
    global.slack_api_url = context.read_secret_url(node, "slack_api_url");
    global.slack_app_token = context.read_secret(node, "slack_app_token");
    global.slack_app_url = raw.slack_app_url;
    global.pagerduty_url = raw.pagerduty_url;
    global.opsgenie_api_url = raw.opsgenie_api_url;
    global.opsgenie_api_key = context.read_secret(node, "opsgenie_api_key");
    global.telegram_api_url = raw.telegram_api_url;
    global.telegram_bot_token = context.read_secret(node, "telegram_bot_token");
    for (const char* key :
         {"pagerduty_url", "slack_app_url", "opsgenie_api_url", "telegram_api_url"}) {
        const Node* url = node.find(key);
        if (url != nullptr) context.check_url(*url, url->scalar);
    }
    if (raw.http_config) global.http = read_http_options(*raw.http_config, context);
    read_mail(node, raw, context);
    for (const Node::Entry& entry : node.entries) {
        if (std::ranges::count(kForeignGlobals, entry.key) == 0) continue;
        context.not_yet.emplace_back(
            fmt::format("{} is not acted on: no receiver here uses it", entry.key),
            entry.key_where);
    }
}

std::vector<config::OptionDoc> global_option_docs() {
    return config::docs_of(kGlobalOptions);
}

}  // namespace pilotlight::alerting

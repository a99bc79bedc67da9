#pragma once

#include <string>
#include <vector>

#include "alerting/http_options.h"
#include "config/options.h"
#include "core/document.h"
#include "core/secret.h"
#include "core/time.h"

namespace pilotlight::alerting {

struct ReadContext;

/// What the mails of one file have in common.
struct MailOptions {
    std::string from;
    /// `host:port`.
    std::string smarthost;
    std::string hello = "localhost";
    std::string auth_username;
    Secret auth_password;
    Secret auth_secret;
    std::string auth_identity;
    bool require_tls = true;
    /// TLS from the first byte. Unset: on port 465.
    std::optional<bool> implicit_tls;
    runtime::TlsSettings tls;
};

/// Alertmanager's `global` section, as far as receivers here go by it.
struct GlobalOptions {
    Duration resolve_timeout = std::chrono::minutes(5);
    HttpOptions http;
    Secret slack_api_url;
    Secret slack_app_token;
    std::string slack_app_url = "https://slack.com/api/chat.postMessage";
    std::string pagerduty_url = "https://events.pagerduty.com/v2/enqueue";
    std::string opsgenie_api_url = "https://api.opsgenie.com/";
    Secret opsgenie_api_key;
    std::string telegram_api_url = "https://api.telegram.org";
    Secret telegram_bot_token;
    MailOptions mail;
};

/// Reads `global` into `context.global`.
void read_global_options(const Node& node, ReadContext& context);
[[nodiscard]] std::vector<config::OptionDoc> global_option_docs();

}  // namespace pilotlight::alerting

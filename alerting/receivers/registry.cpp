#include "alerting/receivers/registry.h"

#include <algorithm>
#include <array>

namespace pilotlight::alerting {
namespace {

constexpr std::array kKinds{
    ReceiverKind{"alertmanager", "alertmanager_configs", read_alertmanager,
                 alertmanager_option_docs, "An Alertmanager cluster, told as by a Prometheus"},
    ReceiverKind{"discord", "discord_configs", read_discord, discord_option_docs,
                 "Discord, by a channel's webhook"},
    ReceiverKind{"email", "email_configs", read_email, email_option_docs,
                 "Mail, by a mail server: all mails of a group are one thread"},
    ReceiverKind{"msteamsv2", "msteamsv2_configs", read_msteamsv2, msteamsv2_option_docs,
                 "Microsoft Teams, by a workflow that takes an Adaptive Card"},
    ReceiverKind{"opsgenie", "opsgenie_configs", read_opsgenie, opsgenie_option_docs,
                 "Opsgenie's Alert API: one alert per group, closed when it ends"},
    ReceiverKind{"pagerduty", "pagerduty_configs", read_pagerduty, pagerduty_option_docs,
                 "PagerDuty's Events API v2: one incident per group, resolved when it ends"},
    ReceiverKind{"slack", "slack_configs", read_slack, slack_option_docs,
                 "Slack, by a webhook, or by a bot with one message per group"},
    ReceiverKind{"telegram", "telegram_configs", read_telegram, telegram_option_docs,
                 "Telegram, by a bot"},
    ReceiverKind{"webhook", "webhook_configs", read_webhook, webhook_option_docs,
                 "Any HTTP endpoint, with Alertmanager's JSON"},
};

constexpr std::string_view kForeignKeys[] = {
    "incidentio_configs", "jira_configs",     "jsm_configs",        "mattermost_configs",
    "msteams_configs",    "pushover_configs", "rocketchat_configs", "sns_configs",
    "victorops_configs",  "webex_configs",    "wechat_configs",
};

}  // namespace

std::span<const ReceiverKind> receiver_kinds() {
    return kKinds;
}

const ReceiverKind* find_receiver_kind(std::string_view config_key) {
    const auto found = std::ranges::find(kKinds, config_key, &ReceiverKind::config_key);
    return found == kKinds.end() ? nullptr : &*found;
}

std::span<const std::string_view> foreign_receiver_keys() {
    return kForeignKeys;
}

}  // namespace pilotlight::alerting

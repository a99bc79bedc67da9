#include "alerting/receivers/registry.h"

#include <algorithm>
#include <array>

namespace pilotlight::alerting {
namespace {

constexpr std::array kKinds{
    ReceiverKind{"discord", "discord_configs", read_discord, discord_option_docs,
                 "Discord, by a channel's webhook"},
    ReceiverKind{"msteamsv2", "msteamsv2_configs", read_msteamsv2, msteamsv2_option_docs,
                 "Microsoft Teams, by a workflow that takes an Adaptive Card"},
    ReceiverKind{"opsgenie", "opsgenie_configs", read_opsgenie, opsgenie_option_docs,
                 "Opsgenie's Alert API: one alert per group, closed when it ends"},
    ReceiverKind{"pagerduty", "pagerduty_configs", read_pagerduty, pagerduty_option_docs,
                 "PagerDuty's Events API v2: one incident per group, resolved when it ends"},
    ReceiverKind{"slack", "slack_configs", read_slack, slack_option_docs,
                 "Slack, by an incoming webhook"},
    ReceiverKind{"telegram", "telegram_configs", read_telegram, telegram_option_docs,
                 "Telegram, by a bot"},
    ReceiverKind{"webhook", "webhook_configs", read_webhook, webhook_option_docs,
                 "Any HTTP endpoint, with Alertmanager's JSON"},
};

constexpr std::array<std::string_view, 13> kForeignKeys{
    "alertmanager_configs", "email_configs",      "incidentio_configs", "jira_configs",
    "jsm_configs",          "mattermost_configs", "msteams_configs",    "pushover_configs",
    "rocketchat_configs",   "sns_configs",        "victorops_configs",  "webex_configs",
    "wechat_configs",
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

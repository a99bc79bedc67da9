#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "alerting/integration.h"
#include "alerting/read_context.h"
#include "config/options.h"
#include "core/document.h"

namespace pilotlight::alerting {

/// A row of the registry: adding a receiver is one file, one row, one test.
struct ReceiverKind {
    /// The metrics' label: "slack".
    std::string_view name;
    /// Alertmanager's key in a receiver: "slack_configs".
    std::string_view config_key;
    /// Reads one entry of that list. What is wrong goes to the context's errors; null then.
    IntegrationPtr (*read)(const Node& node, Address address, ReadContext& context);
    std::vector<config::OptionDoc> (*options)();
    std::string_view description;
};

/// Every kind, sorted by name.
[[nodiscard]] std::span<const ReceiverKind> receiver_kinds();
[[nodiscard]] const ReceiverKind* find_receiver_kind(std::string_view config_key);
/// Keys of receivers that Alertmanager has and Pilotlight has not: refused by name.
[[nodiscard]] std::span<const std::string_view> foreign_receiver_keys();

// One reader and one table per file of this folder.
[[nodiscard]] IntegrationPtr read_alertmanager(const Node& node, Address address,
                                               ReadContext& context);
[[nodiscard]] std::vector<config::OptionDoc> alertmanager_option_docs();
[[nodiscard]] IntegrationPtr read_discord(const Node& node, Address address, ReadContext& context);
[[nodiscard]] std::vector<config::OptionDoc> discord_option_docs();
[[nodiscard]] IntegrationPtr read_email(const Node& node, Address address, ReadContext& context);
[[nodiscard]] std::vector<config::OptionDoc> email_option_docs();
[[nodiscard]] IntegrationPtr read_msteamsv2(const Node& node, Address address,
                                            ReadContext& context);
[[nodiscard]] std::vector<config::OptionDoc> msteamsv2_option_docs();
[[nodiscard]] IntegrationPtr read_opsgenie(const Node& node, Address address, ReadContext& context);
[[nodiscard]] std::vector<config::OptionDoc> opsgenie_option_docs();
[[nodiscard]] IntegrationPtr read_pagerduty(const Node& node, Address address,
                                            ReadContext& context);
[[nodiscard]] std::vector<config::OptionDoc> pagerduty_option_docs();
[[nodiscard]] IntegrationPtr read_slack(const Node& node, Address address, ReadContext& context);
[[nodiscard]] std::vector<config::OptionDoc> slack_option_docs();
[[nodiscard]] IntegrationPtr read_telegram(const Node& node, Address address, ReadContext& context);
[[nodiscard]] std::vector<config::OptionDoc> telegram_option_docs();
[[nodiscard]] IntegrationPtr read_webhook(const Node& node, Address address, ReadContext& context);
[[nodiscard]] std::vector<config::OptionDoc> webhook_option_docs();

}  // namespace pilotlight::alerting

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "alerting/read_context.h"
#include "core/document.h"

/// The options of `slack_configs`, as written.
namespace pilotlight::alerting {

struct RawSlackField {
    TextOption title;
    TextOption value;
    std::optional<bool> short_field;
};

struct RawSlackAction {
    TextOption type;
    TextOption text;
    TextOption url;
    TextOption style;
    TextOption name;
    TextOption value;
    std::optional<Node> confirm;
};

struct RawSlack {
    bool send_resolved = false;
    std::optional<Node> http_config;
    Secret api_url;
    std::string api_url_file;
    Secret app_token;
    std::string app_token_file;
    std::string app_url;
    TextOption channel;
    TextOption username{R"({{ template "slack.default.username" . }})", {}};
    TextOption color{R"({{ if eq .Status "firing" }}danger{{ else }}good{{ end }})", {}};
    TextOption title{R"({{ template "slack.default.title" . }})", {}};
    TextOption title_link{R"({{ template "slack.default.titlelink" . }})", {}};
    TextOption pretext{R"({{ template "slack.default.pretext" . }})", {}};
    TextOption text{R"({{ template "slack.default.text" . }})", {}};
    TextOption fallback{R"({{ template "slack.default.fallback" . }})", {}};
    TextOption callback_id{R"({{ template "slack.default.callbackid" . }})", {}};
    TextOption icon_emoji{R"({{ template "slack.default.iconemoji" . }})", {}};
    TextOption icon_url{R"({{ template "slack.default.iconurl" . }})", {}};
    TextOption footer{R"({{ template "slack.default.footer" . }})", {}};
    TextOption message_text;
    TextOption image_url;
    TextOption thumb_url;
    std::vector<Node> fields;
    bool short_fields = false;
    bool link_names = false;
    std::vector<std::string> mrkdwn_in{"fallback", "pretext", "text"};
    std::vector<Node> actions;
    std::optional<bool> update_message;
    std::optional<bool> blocks;
    Duration timeout = std::chrono::seconds(10);
};

/// What is wrong goes to the context's errors.
[[nodiscard]] RawSlack read_slack_options(const Node& node, ReadContext& context);
[[nodiscard]] RawSlackField read_slack_field(const Node& node, ReadContext& context);
[[nodiscard]] RawSlackAction read_slack_action(const Node& node, ReadContext& context);

/// Whether an option of attachments is given: then the message is one, as Alertmanager's is.
[[nodiscard]] bool asks_for_attachment(const Node& node);

}  // namespace pilotlight::alerting

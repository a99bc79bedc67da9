#pragma once

#include <string>
#include <vector>

#include "alerting/notification.h"

/// How a group looks in Block Kit, and what its thread says. Texts are escaped for Slack where they
/// come from alerts. Source: https://api.slack.com/reference/block-kit/blocks
namespace pilotlight::alerting {

struct SlackTexts {
    std::string title;
    std::string title_link;
    std::string pretext;
    std::string text;
    std::string color;
    std::string footer;
};

/// `text` and `attachments` of a message, as a JSON object: the title above, the rest in blocks
/// beside a bar of colour, within Slack's limits.
[[nodiscard]] std::string slack_blocks(const Notification& notification, const SlackTexts& texts);

/// What is new since the message was last edited, a line each: what fires that did not among
/// `fired_before` (fingerprints), what ended, or that nothing changed.
[[nodiscard]] std::string slack_timeline(const Notification& notification,
                                         const std::vector<std::string>& fired_before);

}  // namespace pilotlight::alerting

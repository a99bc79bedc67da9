#include "alerting/receivers/slack_options.h"

#include "alerting/receivers/registry.h"

namespace pilotlight::alerting {
namespace {

constexpr config::Option<RawSlackField> kFieldOptions[] = {
    config::option<&RawSlackField::title>("title", "required", "bold, above the value"),
    config::option<&RawSlackField::value>("value", "required", "the field's text"),
    config::option<&RawSlackField::short_field>("short", "short_fields",
                                                "whether another field may stand beside it"),
};

constexpr config::Option<RawSlackAction> kActionOptions[] = {
    config::option<&RawSlackAction::type>("type", "required", "button"),
    config::option<&RawSlackAction::text>("text", "required", "what the button says"),
    config::option<&RawSlackAction::url>("url", "", "where it leads"),
    config::option<&RawSlackAction::style>("style", "", "primary or danger"),
    config::option<&RawSlackAction::name>("name", "", "for a button without a url"),
    config::option<&RawSlackAction::value>("value", "", "what it sends"),
    config::option<&RawSlackAction::confirm>("confirm", "", "accepted; not sent"),
};

constexpr config::Option<RawSlack> kSlackOptions[] = {
    config::option<&RawSlack::send_resolved>("send_resolved", "false",
                                             "whether the end is told too"),
    config::option<&RawSlack::http_config>("http_config", "global.http_config",
                                           "how Slack is reached"),
    config::option<&RawSlack::api_url>("api_url", "global.slack_api_url", "the incoming webhook"),
    config::option<&RawSlack::api_url_file>("api_url_file", "", "a file that holds it"),
    config::option<&RawSlack::app_token>("app_token", "global.slack_app_token",
                                         "a bot's token, instead of a webhook; needs channel"),
    config::option<&RawSlack::app_token_file>("app_token_file", "", "a file that holds it"),
    config::option<&RawSlack::app_url>("app_url", "global.slack_app_url", "where a bot posts"),
    config::option<&RawSlack::channel>("channel", "", "another channel than the webhook's"),
    config::option<&RawSlack::username>("username", "Pilotlight", "who seems to post"),
    config::option<&RawSlack::color>("color", "danger while firing, else good",
                                     "of the bar beside the message"),
    config::option<&RawSlack::title>("title", "slack.default.title", "first line, linked"),
    config::option<&RawSlack::title_link>("title_link", "external_url", "where the title leads"),
    config::option<&RawSlack::pretext>("pretext", "", "above the attachment"),
    config::option<&RawSlack::text>("text", "slack.default.text", "the message, 3000 characters"),
    config::option<&RawSlack::fallback>("fallback", "slack.default.fallback",
                                        "what notifications show"),
    config::option<&RawSlack::callback_id>("callback_id", "", "for actions"),
    config::option<&RawSlack::icon_emoji>("icon_emoji", "", "such as :fire:"),
    config::option<&RawSlack::icon_url>("icon_url", "", "of a picture"),
    config::option<&RawSlack::footer>("footer", "", "below the text"),
    config::option<&RawSlack::message_text>("message_text", "", "outside the attachment"),
    config::option<&RawSlack::image_url>("image_url", "", "a picture below the text"),
    config::option<&RawSlack::thumb_url>("thumb_url", "", "a picture beside the text"),
    config::option<&RawSlack::fields>("fields", "", "title, value and short of each"),
    config::option<&RawSlack::short_fields>("short_fields", "false", "short where a field is mum"),
    config::option<&RawSlack::link_names>("link_names", "false", "whether @names become links"),
    config::option<&RawSlack::mrkdwn_in>("mrkdwn_in", "fallback, pretext, text",
                                         "where Slack's markup counts"),
    config::option<&RawSlack::actions>("actions", "", "buttons, 5 at most"),
    config::option<&RawSlack::update_message>(
        "update_message", "true for a bot",
        "whether a group is one message, edited as it changes, with its timeline in the thread"),
    config::option<&RawSlack::blocks>(
        "blocks", "true for a bot without options of attachments",
        "Block Kit instead of an attachment; Alertmanager has no such option"),
    config::option<&RawSlack::timeout>("timeout", "10s", "for one attempt"),
};

}  // namespace

RawSlack read_slack_options(const Node& node, ReadContext& context) {
    RawSlack raw;
    config::read_options(node, kSlackOptions, raw, context.errors);
    return raw;
}

RawSlackField read_slack_field(const Node& node, ReadContext& context) {
    RawSlackField raw;
    config::read_options(node, kFieldOptions, raw, context.errors);
    return raw;
}

RawSlackAction read_slack_action(const Node& node, ReadContext& context) {
    RawSlackAction raw;
    config::read_options(node, kActionOptions, raw, context.errors);
    return raw;
}

bool asks_for_attachment(const Node& node) {
    constexpr std::string_view kKeys[] = {
        "title",  "title_link",  "pretext",   "text",         "fallback",  "fields",   "actions",
        "footer", "callback_id", "image_url", "message_text", "thumb_url", "mrkdwn_in"};
    return std::ranges::any_of(kKeys,
                               [&](std::string_view key) { return node.find(key) != nullptr; });
}

std::vector<config::OptionDoc> slack_option_docs() {
    return config::docs_of(kSlackOptions);
}

}  // namespace pilotlight::alerting

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "alerting/http_integration.h"
#include "alerting/receivers/answers.h"
#include "alerting/receivers/escapes.h"
#include "alerting/receivers/registry.h"
#include "runtime/url.h"

/// Slack. Sources: https://api.slack.com/messaging/webhooks,
/// https://api.slack.com/methods/chat.postMessage,
/// https://api.slack.com/reference/messaging/attachments
namespace pilotlight::alerting {
namespace {

using nlohmann::json;

constexpr std::size_t kTitleMax = 1'024;
// A section of Block Kit takes 3000; longer attachment texts are folded or split by Slack.
constexpr std::size_t kTextMax = 3'000;
constexpr std::size_t kFieldTextMax = 2'000;
constexpr std::size_t kFieldsMax = 20;
constexpr std::size_t kActionsMax = 5;
constexpr std::size_t kValueMax = 3'000;
// One message a second and channel, short bursts allowed.
constexpr Pace kPace{std::chrono::seconds(1), 10};
constexpr std::string_view kPostMessageUrl = "https://slack.com/api/chat.postMessage";

struct RawField {
    TextOption title;
    TextOption value;
    std::optional<bool> short_field;
};

constexpr config::Option<RawField> kFieldOptions[] = {
    config::option<&RawField::title>("title", "required", "bold, above the value"),
    config::option<&RawField::value>("value", "required", "the field's text"),
    config::option<&RawField::short_field>("short", "short_fields",
                                           "whether another field may stand beside it"),
};

struct RawAction {
    TextOption type;
    TextOption text;
    TextOption url;
    TextOption style;
    TextOption name;
    TextOption value;
    std::optional<Node> confirm;
};

constexpr config::Option<RawAction> kActionOptions[] = {
    config::option<&RawAction::type>("type", "required", "button"),
    config::option<&RawAction::text>("text", "required", "what the button says"),
    config::option<&RawAction::url>("url", "", "where it leads"),
    config::option<&RawAction::style>("style", "", "primary or danger"),
    config::option<&RawAction::name>("name", "", "for a button without a url"),
    config::option<&RawAction::value>("value", "", "what it sends"),
    config::option<&RawAction::confirm>("confirm", "", "accepted; not sent"),
};

struct RawSlack {
    bool send_resolved = false;
    std::optional<Node> http_config;
    Secret api_url;
    std::string api_url_file;
    Secret app_token;
    std::string app_token_file;
    std::string app_url{kPostMessageUrl};
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
    bool update_message = false;
    Duration timeout = std::chrono::seconds(10);
};

constexpr config::Option<RawSlack> kSlackOptions[] = {
    config::option<&RawSlack::send_resolved>("send_resolved", "false",
                                             "whether the end is told too"),
    config::option<&RawSlack::http_config>("http_config", "global.http_config",
                                           "how Slack is reached"),
    config::option<&RawSlack::api_url>("api_url", "global.slack_api_url", "the incoming webhook"),
    config::option<&RawSlack::api_url_file>("api_url_file", "", "a file that holds it"),
    config::option<&RawSlack::app_token>("app_token", "",
                                         "a bot's token, instead of a webhook; needs channel"),
    config::option<&RawSlack::app_token_file>("app_token_file", "", "a file that holds it"),
    config::option<&RawSlack::app_url>("app_url", kPostMessageUrl, "where a bot posts"),
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
    config::option<&RawSlack::update_message>("update_message", "false", "not acted on yet"),
    config::option<&RawSlack::timeout>("timeout", "10s", "for one attempt"),
};

struct Field {
    MessageText title;
    MessageText value;
    bool short_field = false;
};

struct Action {
    MessageText type;
    MessageText text;
    MessageText url;
    MessageText style;
    MessageText name;
    MessageText value;
};

class Slack final : public HttpIntegration {
  public:
    Slack(const RawSlack& raw, const Node& node, Address address, ReadContext& context) {
        address_ = std::move(address);
        send_resolved_ = raw.send_resolved;
        timeout_ = raw.timeout;
        pace_ = kPace;
        read_http(raw.http_config, context);
        read_destination(raw, node, context);
        read_texts(raw, context);
        for (const Node& field : raw.fields)
            read_field(field, raw.short_fields, context);
        for (const Node& action : raw.actions)
            read_action(action, context);
        if (raw.update_message) {
            context.not_yet.push_back(
                node.find("update_message")->error("update_message is not acted on yet"));
        }
        keep_secret({url_, token_});
    }

    [[nodiscard]] Message render(const Notification& notification) const override {
        const DataOptions escaped{escape_slack, kValueMax};
        const DataOptions raw{nullptr, kValueMax};
        MessageWriter writer(message_data(notification, escaped), notification.decided_at);
        json body = render_body(writer, message_data(notification, raw));
        if (!writer.error().empty()) body = plain_body(notification, writer.error());
        Message message;
        message.template_error = writer.error();
        runtime::HttpRequest request;
        request.method = "POST";
        request.url = url_.reveal();
        request.headers = {{"Content-Type", "application/json; charset=utf-8"}};
        http_.apply(request);
        if (!token_.empty()) {
            request.headers.push_back({"Authorization", "Bearer " + token_.reveal()});
        }
        request.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
        message.requests.push_back(std::move(request));
        return message;
    }

    [[nodiscard]] Delivery classify(const runtime::HttpResult& answer) const override {
        Delivery by_status = classify_status(answer, secrets());
        if (by_status.kind != Delivery::Kind::delivered) return by_status;
        // The Web API says no with a 200.
        if (answer.header("Content-Type").starts_with("application/json")) {
            return classify_json(answer);
        }
        if (answer.body == "ok") return Delivery::delivered();
        return Delivery::rejected(Reason::bad_answer, describe_answer(answer, secrets()));
    }

  private:
    void read_destination(const RawSlack& raw, const Node& node, ReadContext& context) {
        url_ = context.read_secret_url(node, "api_url");
        token_ = context.read_secret(node, "app_token");
        if (!token_.empty()) {
            if (!url_.empty()) context.error(node, "at most one of api_url and app_token");
            if (raw.channel.text.empty()) {
                context.error(node, "app_token needs a channel, such as \"#ops\"");
            }
            url_ = Secret(raw.app_url);
            if (!runtime::parse_url(raw.app_url)) {
                context.error(*node.find("app_url"), "app_url is no URL");
            }
        } else if (url_.empty()) {
            url_ = context.global.slack_api_url;
        }
        if (url_.empty()) {
            context.error(node,
                          "nowhere to send to: expected api_url, api_url_file, app_token or "
                          "global slack_api_url");
        }
    }

    void read_texts(const RawSlack& raw, ReadContext& context) {
        const std::pair<MessageText*, const TextOption*> all[] = {
            {&channel_, &raw.channel},
            {&username_, &raw.username},
            {&color_, &raw.color},
            {&title_, &raw.title},
            {&title_link_, &raw.title_link},
            {&pretext_, &raw.pretext},
            {&text_, &raw.text},
            {&fallback_, &raw.fallback},
            {&callback_id_, &raw.callback_id},
            {&icon_emoji_, &raw.icon_emoji},
            {&icon_url_, &raw.icon_url},
            {&footer_, &raw.footer},
            {&image_url_, &raw.image_url},
            {&thumb_url_, &raw.thumb_url},
            {&message_text_, &raw.message_text}};
        for (const auto& [text, option] : all)
            *text = context.parse_text(*option);
        link_names_ = raw.link_names;
        mrkdwn_in_ = raw.mrkdwn_in;
    }

    void read_field(const Node& node, bool short_by_default, ReadContext& context) {
        RawField raw;
        config::read_options(node, kFieldOptions, raw, context.errors);
        fields_.push_back({context.parse_text(raw.title), context.parse_text(raw.value),
                           raw.short_field.value_or(short_by_default)});
    }

    void read_action(const Node& node, ReadContext& context) {
        RawAction raw;
        config::read_options(node, kActionOptions, raw, context.errors);
        if (raw.url.text.empty() && raw.name.text.empty()) {
            context.error(node, "an action needs a url or a name");
        }
        actions_.push_back({context.parse_text(raw.type), context.parse_text(raw.text),
                            context.parse_text(raw.url), context.parse_text(raw.style),
                            context.parse_text(raw.name), context.parse_text(raw.value)});
    }

    /// `plain` has the same data unescaped: for what is no text of Slack's markup.
    json render_body(MessageWriter& writer, const tmpl::Value& plain) const {
        json attachment{{"fallback", cut_entities(writer.write(fallback_), kTitleMax)},
                        {"title", cut_entities(writer.write(title_), kTitleMax)},
                        {"text", cut_entities(writer.write(text_), kTextMax)},
                        {"mrkdwn_in", mrkdwn_in_}};
        const auto put = [](json& object, const char* key, std::string value) {
            if (!value.empty()) object[key] = std::move(value);
        };
        put(attachment, "title_link", writer.write(title_link_, plain));
        put(attachment, "pretext", cut_entities(writer.write(pretext_), kTextMax));
        put(attachment, "color", writer.write(color_, plain));
        put(attachment, "callback_id", writer.write(callback_id_, plain));
        put(attachment, "footer", cut_entities(writer.write(footer_), 300));
        put(attachment, "image_url", writer.write(image_url_, plain));
        put(attachment, "thumb_url", writer.write(thumb_url_, plain));
        if (!fields_.empty()) attachment["fields"] = render_fields(writer);
        if (!actions_.empty()) attachment["actions"] = render_actions(writer, plain);

        json body{{"attachments", json::array({std::move(attachment)})}};
        put(body, "channel", writer.write(channel_, plain));
        put(body, "username", writer.write(username_, plain));
        put(body, "icon_emoji", writer.write(icon_emoji_, plain));
        put(body, "icon_url", writer.write(icon_url_, plain));
        put(body, "text", cut_entities(writer.write(message_text_), kTextMax));
        if (link_names_) body["link_names"] = true;
        return body;
    }

    json render_fields(MessageWriter& writer) const {
        json fields = json::array();
        for (const Field& field : fields_) {
            if (fields.size() == kFieldsMax) break;
            fields.push_back({{"title", cut_entities(writer.write(field.title), kTitleMax)},
                              {"value", cut_entities(writer.write(field.value), kFieldTextMax)},
                              {"short", field.short_field}});
        }
        return fields;
    }

    json render_actions(MessageWriter& writer, const tmpl::Value& plain) const {
        json actions = json::array();
        for (const Action& action : actions_) {
            if (actions.size() == kActionsMax) break;
            json rendered{{"type", writer.write(action.type, plain)},
                          {"text", writer.write(action.text, plain)}};
            for (const auto& [key, text] :
                 {std::pair{"url", &action.url}, std::pair{"style", &action.style},
                  std::pair{"name", &action.name}, std::pair{"value", &action.value}}) {
                if (!text->empty()) rendered[key] = writer.write(*text, plain);
            }
            actions.push_back(std::move(rendered));
        }
        return actions;
    }

    json plain_body(const Notification& notification, const std::string& error) const {
        const std::string title = escape_slack(plain_title(notification));
        const std::string text =
            escape_slack(plain_text(notification)) +
            escape_slack(fmt::format("(a template failed: {})", cut_to(error, 300)));
        json body{{"attachments",
                   json::array({{{"fallback", title},
                                 {"title", title},
                                 {"text", cut_entities(text, kTextMax)},
                                 {"color",
                                  notification.status() == Status::firing ? "danger" : "good"}}})}};
        // A bot has no channel of its own; a channel that is no template cannot have failed.
        const std::string& channel = channel_.source();
        if (!channel.empty() && channel.find("{{") == std::string::npos) body["channel"] = channel;
        return body;
    }

    [[nodiscard]] Delivery classify_json(const runtime::HttpResult& answer) const {
        const json body = json::parse(answer.body, nullptr, false);
        if (!body.is_object() || !body.contains("ok") || !body["ok"].is_boolean()) {
            return Delivery::retry(Reason::bad_answer, describe_answer(answer, secrets()));
        }
        if (body["ok"].get<bool>()) return Delivery::delivered();
        const std::string error =
            body.contains("error") && body["error"].is_string() ? body["error"] : "no reason given";
        std::string detail = fmt::format("Slack says {}", quote_safely(error, secrets()));
        if (error == "rate_limited" || error == "ratelimited") {
            return Delivery::retry(Reason::rate_limited, std::move(detail),
                                   retry_after(answer, wall_now()));
        }
        for (const char* passing : {"internal_error", "fatal_error", "service_unavailable",
                                    "request_timeout", "team_added_to_org"}) {
            if (error == passing) return Delivery::retry(Reason::server_error, std::move(detail));
        }
        return Delivery::rejected(Reason::client_error, std::move(detail));
    }

    Secret url_;
    Secret token_;
    MessageText channel_, username_, color_, title_, title_link_, pretext_, text_, fallback_;
    MessageText callback_id_, icon_emoji_, icon_url_, footer_, image_url_, thumb_url_;
    MessageText message_text_;
    std::vector<Field> fields_;
    std::vector<Action> actions_;
    bool link_names_ = false;
    std::vector<std::string> mrkdwn_in_;
};

}  // namespace

IntegrationPtr read_slack(const Node& node, Address address, ReadContext& context) {
    RawSlack raw;
    const std::size_t before = context.errors.size();
    config::read_options(node, kSlackOptions, raw, context.errors);
    auto made = std::make_shared<const Slack>(raw, node, std::move(address), context);
    if (context.errors.size() != before) return nullptr;
    return made;
}

std::vector<config::OptionDoc> slack_option_docs() {
    return config::docs_of(kSlackOptions);
}

}  // namespace pilotlight::alerting

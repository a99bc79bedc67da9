#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "alerting/http_integration.h"
#include "alerting/receivers/answers.h"
#include "alerting/receivers/escapes.h"
#include "alerting/receivers/registry.h"
#include "alerting/receivers/slack_blocks.h"
#include "alerting/receivers/slack_memory.h"
#include "alerting/receivers/slack_options.h"
#include "runtime/url.h"

/// Slack. Sources: https://api.slack.com/messaging/webhooks,
/// https://api.slack.com/methods/chat.postMessage, https://api.slack.com/methods/chat.update,
/// https://api.slack.com/reference/messaging/attachments
namespace pilotlight::alerting {
namespace {

namespace asio = boost::asio;
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
constexpr std::string_view kPostMethod = "/chat.postMessage";
constexpr std::string_view kUpdateMethod = "/chat.update";
/// Beyond it a thread repeats itself.
constexpr std::size_t kFiredMax = 1'000;

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
        if (raw.update_message == true && !is_bot_) {
            context.not_yet.push_back(
                node.find("update_message")
                    ->error("update_message needs a bot's token: a webhook cannot edit"));
        }
        updates_ = is_bot_ && raw.update_message.value_or(true);
        has_blocks_ = raw.blocks.value_or(is_bot_ && !asks_for_attachment(node));
        keep_secret({url_, token_});
    }

    [[nodiscard]] Message render(const Notification& notification) const override {
        Message message;
        const json body = body_of(notification, message.template_error);
        message.requests.push_back(post(url_.reveal(), body));
        return message;
    }

    [[nodiscard]] asio::awaitable<Sent> send(runtime::Services& services, Notification notification,
                                             std::string memory,
                                             runtime::Deadline deadline) const override {
        Sent sent;
        const json body = body_of(notification, sent.template_error);
        auto known = updates_ ? SlackMemory::parse(memory) : std::nullopt;
        if (known && known->shows != notification.sequence) {
            Heard edited = co_await exchange(services, edit(*known, body), deadline);
            sent.delivery = std::move(edited.delivery);
            if (sent.delivery.kind == Delivery::Kind::retry) co_return sent;
            // A message that is gone or too old to be edited is followed by a new one.
            if (sent.delivery.kind == Delivery::Kind::rejected) known.reset();
        }
        if (!known) {
            Heard posted = co_await exchange(services, post(url_.reveal(), body), deadline);
            sent.delivery = std::move(posted.delivery);
            if (sent.delivery.kind != Delivery::Kind::delivered || !updates_) co_return sent;
            known = SlackMemory::of_answer(posted.answer.body);
        } else {
            known->shows = notification.sequence;
            Heard replied = co_await exchange(services, reply(*known, notification), deadline);
            // The message itself tells the truth already: only what may help is tried again.
            if (replied.delivery.kind == Delivery::Kind::retry) {
                sent.delivery = std::move(replied.delivery);
                sent.memory = known->to_text();
                co_return sent;
            }
            sent.delivery = Delivery::delivered();
        }
        sent.memory = memory_after(std::move(known), notification);
        co_return sent;
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

    [[nodiscard]] Secret destination() const override {
        return Secret(fmt::format("{}\n{}\n{}", url_.reveal(), token_.reveal(), channel_.source()));
    }

  private:
    void read_destination(const RawSlack& raw, const Node& node, ReadContext& context) {
        url_ = context.read_secret_url(node, "api_url");
        token_ = context.read_secret(node, "app_token");
        if (!token_.empty() && !url_.empty()) {
            context.error(node, "at most one of api_url and app_token");
        }
        if (token_.empty() && url_.empty()) {
            token_ = context.global.slack_app_token;
            if (token_.empty()) url_ = context.global.slack_api_url;
        }
        if (!token_.empty()) {
            url_ = Secret(raw.app_url.empty() ? context.global.slack_app_url : raw.app_url);
            if (!runtime::parse_url(url_.reveal())) {
                context.error(*node.find("app_url"), "app_url is no URL");
            }
        }
        // The Web API itself, with a token by http_config, is a bot as well.
        is_bot_ = !token_.empty() || url_.reveal().ends_with(kPostMethod);
        if (is_bot_ && raw.channel.text.empty()) {
            context.error(node, "a bot needs a channel, such as \"#ops\"");
        }
        if (url_.empty()) {
            context.error(node,
                          "nowhere to send to: expected api_url, api_url_file, app_token or "
                          "global slack_api_url");
        }
    }

    runtime::HttpRequest post(std::string url, const json& body) const {
        runtime::HttpRequest request =
            json_post(std::move(url), body.dump(-1, ' ', false, json::error_handler_t::replace));
        request.headers[0].value = "application/json; charset=utf-8";
        if (!token_.empty()) {
            request.headers.push_back({"Authorization", "Bearer " + token_.reveal()});
        }
        return request;
    }

    /// chat.update, which keeps what is not mentioned.
    runtime::HttpRequest edit(const SlackMemory& known, json body) const {
        std::string url = url_.reveal();
        if (url.ends_with(kPostMethod)) url.resize(url.size() - kPostMethod.size());
        for (const char* key : {"username", "icon_emoji", "icon_url"})
            body.erase(key);
        body["channel"] = known.channel;
        body["ts"] = known.ts;
        if (!body.contains("text")) body["text"] = "";
        return post(url + std::string(kUpdateMethod), body);
    }

    /// Edits wake nobody: what fires anew, and what is repeated, shows in the channel as well.
    runtime::HttpRequest reply(const SlackMemory& known, const Notification& notification) const {
        const bool has_new = std::ranges::any_of(notification.alerts, [&](const auto& alert) {
            return alert.status == Status::firing &&
                   std::ranges::count(known.fired, alert.fingerprint()) == 0;
        });
        json body{{"channel", known.channel},
                  {"thread_ts", known.ts},
                  {"text", cut_entities(slack_timeline(notification, known.fired), kTextMax)}};
        if (has_new || notification.cause == Cause::repeat) body["reply_broadcast"] = true;
        return post(url_.reveal(), body);
    }

    /// "" where the incident is over: the next one gets a message of its own.
    static std::string memory_after(std::optional<SlackMemory> known,
                                    const Notification& notification) {
        if (!known || notification.status() == Status::resolved) return "";
        known->shows = notification.sequence;
        known->fired.clear();
        for (const NotifiedAlert& alert : notification.alerts) {
            if (alert.status != Status::firing || known->fired.size() == kFiredMax) continue;
            known->fired.push_back(alert.fingerprint());
        }
        return known->to_text();
    }

    json body_of(const Notification& notification, std::string& template_error) const {
        const DataOptions escaped{escape_slack, kValueMax};
        const DataOptions raw{nullptr, kValueMax};
        MessageWriter writer(message_data(notification, escaped), notification.decided_at);
        const tmpl::Value plain = message_data(notification, raw);
        json body =
            has_blocks_ ? blocks_body(notification, writer, plain) : render_body(writer, plain);
        template_error = writer.error();
        return template_error.empty() ? body : plain_body(notification, template_error);
    }

    /// Who posts, and where.
    void add_sender(json& body, MessageWriter& writer, const tmpl::Value& plain) const {
        for (const auto& [key, text] :
             {std::pair{"channel", &channel_}, std::pair{"username", &username_},
              std::pair{"icon_emoji", &icon_emoji_}, std::pair{"icon_url", &icon_url_}}) {
            std::string written = writer.write(*text, plain);
            if (!written.empty()) body[key] = std::move(written);
        }
        if (link_names_) body["link_names"] = true;
    }

    json blocks_body(const Notification& notification, MessageWriter& writer,
                     const tmpl::Value& plain) const {
        SlackTexts texts;
        texts.title = writer.write(title_);
        texts.title_link = writer.write(title_link_, plain);
        texts.pretext = writer.write(pretext_);
        texts.text = writer.write(text_);
        texts.color = writer.write(color_, plain);
        texts.footer = writer.write(footer_);
        json body = json::parse(slack_blocks(notification, texts));
        add_sender(body, writer, plain);
        return body;
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
        const RawSlackField raw = read_slack_field(node, context);
        fields_.push_back({context.parse_text(raw.title), context.parse_text(raw.value),
                           raw.short_field.value_or(short_by_default)});
    }

    void read_action(const Node& node, ReadContext& context) {
        const RawSlackAction raw = read_slack_action(node, context);
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
        add_sender(body, writer, plain);
        put(body, "text", cut_entities(writer.write(message_text_), kTextMax));
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
    bool is_bot_ = false;
    bool updates_ = false;
    bool has_blocks_ = false;
    bool link_names_ = false;
    std::vector<std::string> mrkdwn_in_;
};

}  // namespace

IntegrationPtr read_slack(const Node& node, Address address, ReadContext& context) {
    const std::size_t before = context.errors.size();
    const RawSlack raw = read_slack_options(node, context);
    auto made = std::make_shared<const Slack>(raw, node, std::move(address), context);
    if (context.errors.size() != before) return nullptr;
    return made;
}

}  // namespace pilotlight::alerting

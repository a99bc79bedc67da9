#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "alerting/http_integration.h"
#include "alerting/receivers/answers.h"
#include "alerting/receivers/escapes.h"
#include "alerting/receivers/registry.h"

/// Discord, by a channel's webhook. Sources:
/// https://discord.com/developers/docs/resources/webhook#execute-webhook
/// https://discord.com/developers/docs/resources/message#embed-object-embed-limits
/// https://discord.com/developers/docs/topics/rate-limits
namespace pilotlight::alerting {
namespace {

using nlohmann::json;

constexpr std::size_t kContentMax = 2'000;
constexpr std::size_t kTitleMax = 256;
constexpr std::size_t kDescriptionMax = 4'096;
constexpr std::size_t kUsernameMax = 80;
constexpr int kRed = 0xc0392b;
constexpr int kGreen = 0x1e8449;
// Five requests in two seconds and webhook; a channel takes 30 messages a minute.
constexpr Pace kPace{std::chrono::seconds(2), 5};

struct RawDiscord {
    bool send_resolved = true;
    std::optional<Node> http_config;
    Secret webhook_url;
    std::string webhook_url_file;
    TextOption title{R"({{ template "discord.default.title" . }})", {}};
    TextOption message{R"({{ template "discord.default.message" . }})", {}};
    TextOption content;
    TextOption username;
    TextOption avatar_url;
    Duration timeout = std::chrono::seconds(10);
};

constexpr config::Option<RawDiscord> kDiscordOptions[] = {
    config::option<&RawDiscord::send_resolved>("send_resolved", "true",
                                               "whether the end is told too"),
    config::option<&RawDiscord::http_config>("http_config", "global.http_config",
                                             "how Discord is reached"),
    config::option<&RawDiscord::webhook_url>("webhook_url", "", "the channel's webhook"),
    config::option<&RawDiscord::webhook_url_file>("webhook_url_file", "", "a file that holds it"),
    config::option<&RawDiscord::title>("title", "discord.default.title",
                                       "the embed's title, 256 characters"),
    config::option<&RawDiscord::message>("message", "discord.default.message",
                                         "the embed's text, 4096 characters"),
    config::option<&RawDiscord::content>(
        "content", "", "above the embed, 2000 characters; mentions written here are heard"),
    config::option<&RawDiscord::username>("username", "the webhook's", "who seems to post"),
    config::option<&RawDiscord::avatar_url>("avatar_url", "the webhook's", "and its picture"),
    config::option<&RawDiscord::timeout>("timeout", "10s", "for one attempt"),
};

class Discord final : public HttpIntegration {
  public:
    Discord(const RawDiscord& raw, const Node& node, Address address, ReadContext& context) {
        address_ = std::move(address);
        send_resolved_ = raw.send_resolved;
        timeout_ = raw.timeout;
        pace_ = kPace;
        read_http(raw.http_config, context);
        url_ = context.read_secret_url(node, "webhook_url");
        if (url_.empty()) {
            context.error(node, "nowhere to send to: expected webhook_url or webhook_url_file");
        }
        keep_secret({url_});
        title_ = context.parse_text(raw.title);
        message_ = context.parse_text(raw.message);
        content_ = context.parse_text(raw.content);
        username_ = context.parse_text(raw.username);
        avatar_url_ = context.parse_text(raw.avatar_url);
    }

    [[nodiscard]] Message render(const Notification& notification) const override {
        MessageWriter writer(message_data(notification, {escape_discord, 4'000}),
                             notification.decided_at);
        std::string title = writer.write(title_);
        std::string text = writer.write(message_);
        const std::string content = writer.write(content_);
        const std::string username = writer.write(username_);
        const std::string avatar = writer.write(avatar_url_, message_data(notification));
        Message message;
        message.template_error = writer.error();
        if (!writer.error().empty()) {
            title = escape_discord(plain_title(notification));
            text = escape_discord(fmt::format("{}(a template failed: {})", plain_text(notification),
                                              cut_to(writer.error(), 300)));
        }
        const bool firing = notification.status() == Status::firing;
        json body{{"embeds", json::array({{{"title", cut_to(title, kTitleMax)},
                                           {"description", cut_to(text, kDescriptionMax)},
                                           {"color", firing ? kRed : kGreen}}})},
                  {"allowed_mentions", allowed_mentions()}};
        if (!content.empty()) body["content"] = cut_to(content, kContentMax);
        if (!username.empty()) body["username"] = cut_to(username, kUsernameMax);
        if (avatar.starts_with("http")) body["avatar_url"] = avatar;
        message.requests.push_back(
            json_post(url_.reveal(), body.dump(-1, ' ', false, json::error_handler_t::replace)));
        return message;
    }

    /// A wait that Discord asks for stands in the body, exact to the millisecond.
    [[nodiscard]] Delivery classify(const runtime::HttpResult& answer) const override {
        Delivery delivery = classify_status(answer, secrets());
        if (answer.status != 429) return delivery;
        const json body = json::parse(answer.body, nullptr, false);
        const json wait = body.is_object() ? body.value("retry_after", json()) : json();
        if (wait.is_number()) {
            const double seconds = std::clamp(wait.get<double>(), 0.0, 86'400.0);
            delivery.retry_after = Duration(std::llround(seconds * 1'000));
        }
        return delivery;
    }

    [[nodiscard]] Secret destination() const override { return url_; }

  private:
    /// Only what the configuration itself says may wake people; what alerts say is told apart.
    [[nodiscard]] json allowed_mentions() const {
        if (content_.empty()) return {{"parse", json::array()}};
        return {{"parse", {"users", "roles", "everyone"}}};
    }

    Secret url_;
    MessageText title_, message_, content_, username_, avatar_url_;
};

}  // namespace

IntegrationPtr read_discord(const Node& node, Address address, ReadContext& context) {
    RawDiscord raw;
    const std::size_t before = context.errors.size();
    config::read_options(node, kDiscordOptions, raw, context.errors);
    auto made = std::make_shared<const Discord>(raw, node, std::move(address), context);
    if (context.errors.size() != before) return nullptr;
    return made;
}

std::vector<config::OptionDoc> discord_option_docs() {
    return config::docs_of(kDiscordOptions);
}

}  // namespace pilotlight::alerting

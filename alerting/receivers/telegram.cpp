#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "alerting/http_integration.h"
#include "alerting/receivers/answers.h"
#include "alerting/receivers/escapes.h"
#include "alerting/receivers/registry.h"
#include "runtime/url.h"

/// Telegram's Bot API, sendMessage. Sources: https://core.telegram.org/bots/api#sendmessage,
/// https://core.telegram.org/bots/api#making-requests,
/// https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
namespace pilotlight::alerting {
namespace {

namespace asio = boost::asio;
using nlohmann::json;

constexpr std::size_t kTextMax = 4'096;
// A group takes 20 messages a minute.
constexpr Pace kPace{std::chrono::seconds(3), 10};
constexpr std::string_view kDefaultMessage = R"({{ template "telegram.default.message" . }})";
constexpr std::string_view kPlainMessage =
    "{{ template \"__subject\" . }}\n\n{{ template \"__plain_text\" . }}";

struct RawTelegram {
    bool send_resolved = true;
    std::optional<Node> http_config;
    std::string api_url;
    Secret bot_token;
    std::string bot_token_file;
    std::optional<Node> chat_id;
    std::string chat_id_file;
    int message_thread_id = 0;
    TextOption message;
    bool disable_notifications = false;
    std::string parse_mode = "HTML";
    Duration timeout = std::chrono::seconds(10);
};

constexpr config::Option<RawTelegram> kTelegramOptions[] = {
    config::option<&RawTelegram::send_resolved>("send_resolved", "true",
                                                "whether the end is told too"),
    config::option<&RawTelegram::http_config>("http_config", "global.http_config",
                                              "how Telegram is reached"),
    config::option<&RawTelegram::api_url>("api_url", "global.telegram_api_url",
                                          "the Bot API's address"),
    config::option<&RawTelegram::bot_token>("bot_token", "global.telegram_bot_token",
                                            "the bot's token"),
    config::option<&RawTelegram::bot_token_file>("bot_token_file", "", "a file that holds it"),
    config::option<&RawTelegram::chat_id>("chat_id", "", "whom it writes to: a number"),
    config::option<&RawTelegram::chat_id_file>("chat_id_file", "", "a file that holds it"),
    config::option<&RawTelegram::message_thread_id>("message_thread_id", "",
                                                    "a topic of a forum group"),
    config::option<&RawTelegram::message>("message", "telegram.default.message",
                                          "the text, 4096 characters"),
    config::option<&RawTelegram::disable_notifications>("disable_notifications", "false",
                                                        "whether it comes without a sound"),
    config::option<&RawTelegram::parse_mode>("parse_mode", "HTML",
                                             "HTML, MarkdownV2, Markdown or \"\" for plain text"),
    config::option<&RawTelegram::timeout>("timeout", "10s", "for one attempt"),
};

using Escape = std::string (*)(std::string_view);

Escape escape_of(const std::string& parse_mode) {
    if (parse_mode == "HTML") return escape_html;
    if (parse_mode == "MarkdownV2") return escape_markdown_v2;
    if (parse_mode == "Markdown") return escape_markdown;
    return nullptr;
}

std::optional<std::int64_t> parse_id(const std::string& text) {
    std::int64_t id = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), id);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
    return id;
}

/// A number of `parameters`, which Telegram sends with some refusals.
std::optional<std::int64_t> parameter(const runtime::HttpResult& answer, const char* name) {
    const json body = json::parse(answer.body, nullptr, false);
    if (!body.is_object()) return std::nullopt;
    const json parameters = body.value("parameters", json());
    if (!parameters.is_object()) return std::nullopt;
    const json value = parameters.value(name, json());
    if (!value.is_number_integer()) return std::nullopt;
    return value.get<std::int64_t>();
}

class Telegram final : public HttpIntegration {
  public:
    Telegram(const RawTelegram& raw, const Node& node, Address address, ReadContext& context) {
        address_ = std::move(address);
        send_resolved_ = raw.send_resolved;
        timeout_ = raw.timeout;
        pace_ = kPace;
        read_http(raw.http_config, context);
        read_destination(raw, node, context);
        parse_mode_ = raw.parse_mode;
        escape_ = escape_of(parse_mode_);
        if (escape_ == nullptr && !parse_mode_.empty()) {
            context.error(*node.find("parse_mode"),
                          fmt::format("expected HTML, MarkdownV2, Markdown or \"\", got \"{}\"",
                                      parse_mode_));
        }
        message_thread_id_ = raw.message_thread_id;
        disable_notifications_ = raw.disable_notifications;
        is_plain_ = raw.message.text.empty() && parse_mode_ != "HTML";
        TextOption text = raw.message;
        if (text.text.empty()) text.text = is_plain_ ? kPlainMessage : kDefaultMessage;
        message_ = context.parse_text(text);
    }

    [[nodiscard]] Message render(const Notification& notification) const override {
        Message message;
        std::string text = marked_up(notification, message.template_error);
        const bool is_marked_up = !text.empty();
        if (!is_marked_up) text = plain(notification, message.template_error);
        message.requests.push_back(request_for(text, is_marked_up ? parse_mode_ : "", chat_id_));
        return message;
    }

    /// As others do, and once more where Telegram says what it would take instead.
    [[nodiscard]] asio::awaitable<Sent> send(runtime::Services& services, Notification notification,
                                             std::string /*memory*/,
                                             runtime::Deadline deadline) const override {
        Message message = render(notification);
        Sent sent;
        sent.template_error = std::move(message.template_error);
        Heard heard = co_await exchange(services, message.requests[0], deadline);
        if (heard.delivery.kind == Delivery::Kind::rejected) {
            std::optional<runtime::HttpRequest> other =
                amended(message.requests[0], heard.answer, notification);
            if (other) heard = co_await exchange(services, std::move(*other), deadline);
        }
        sent.delivery = std::move(heard.delivery);
        co_return sent;
    }

    [[nodiscard]] Delivery classify(const runtime::HttpResult& answer) const override {
        Delivery delivery = classify_status(answer, secrets());
        const auto wait = parameter(answer, "retry_after");
        if (answer.status == 429 && wait) {
            delivery.retry_after = std::chrono::seconds(std::clamp<std::int64_t>(*wait, 0, 86'400));
        }
        if (delivery.kind != Delivery::Kind::delivered) return delivery;
        const json body = json::parse(answer.body, nullptr, false);
        if (body.is_object() && body.value("ok", json()) == true) return delivery;
        return Delivery::retry(Reason::bad_answer, describe_answer(answer, secrets()));
    }

    [[nodiscard]] Secret destination() const override {
        return Secret(fmt::format("{}\n{}\n{}", url_.reveal(), chat_id_, message_thread_id_));
    }

  private:
    void read_destination(const RawTelegram& raw, const Node& node, ReadContext& context) {
        Secret token = context.read_secret(node, "bot_token");
        if (token.empty()) token = context.global.telegram_bot_token;
        if (token.empty()) {
            context.error(node,
                          "no token: expected bot_token, bot_token_file or global "
                          "telegram_bot_token");
        }
        std::string base = raw.api_url.empty() ? context.global.telegram_api_url : raw.api_url;
        if (!raw.api_url.empty()) context.check_url(*node.find("api_url"), raw.api_url);
        while (base.ends_with('/'))
            base.pop_back();
        url_ = Secret(fmt::format("{}/bot{}/sendMessage", base, token.reveal()));
        if (!runtime::parse_url(url_.reveal())) {
            context.error(node, "bot_token has characters that no URL may have");
        }
        keep_secret({url_, token});
        const std::string id = context.read_secret(node, "chat_id").reveal();
        const auto number = parse_id(id);
        if (!number || *number == 0) {
            context.error(node, "expected a number other than 0 as chat_id or in chat_id_file");
        }
        chat_id_ = number.value_or(0);
    }

    /// With the template's markup; "" where it failed or does not fit.
    std::string marked_up(const Notification& notification, std::string& error) const {
        const DataOptions data{is_plain_ ? nullptr : escape_, 2'000};
        MessageWriter writer(message_data(notification, data), notification.decided_at);
        std::string text = writer.write(message_);
        error = writer.error();
        if (!error.empty()) return "";
        if (parse_mode_ == "HTML") return cut_html(text, kTextMax);
        if (is_plain_ && escape_ != nullptr) {
            // Escaped it may be twice as long.
            for (std::size_t limit = kTextMax;; limit /= 2) {
                std::string escaped = escape_(cut_to(text, limit));
                if (cut_to(escaped, kTextMax) == escaped) return escaped;
            }
        }
        text = cut_to(text, SIZE_MAX);
        // Markdown cannot be cut: what is left open is refused.
        if (parse_mode_.empty()) return cut_to(text, kTextMax);
        return cut_to(text, kTextMax) == text ? text : "";
    }

    static std::string plain(const Notification& notification, const std::string& error) {
        std::string text = plain_title(notification) + "\n" + plain_text(notification);
        if (!error.empty()) text += fmt::format("(a template failed: {})", cut_to(error, 300));
        return cut_to(text, kTextMax);
    }

    runtime::HttpRequest request_for(const std::string& text, const std::string& parse_mode,
                                     std::int64_t chat_id) const {
        json body{{"chat_id", chat_id},
                  {"text", text},
                  {"disable_web_page_preview", true},
                  {"disable_notification", disable_notifications_}};
        if (!parse_mode.empty()) body["parse_mode"] = parse_mode;
        if (message_thread_id_ != 0) body["message_thread_id"] = message_thread_id_;
        return json_post(url_.reveal(), body.dump(-1, ' ', false, json::error_handler_t::replace));
    }

    /// The group has another number since it grew, or the markup is none.
    std::optional<runtime::HttpRequest> amended(const runtime::HttpRequest& refused,
                                                const runtime::HttpResult& answer,
                                                const Notification& notification) const {
        if (const auto moved = parameter(answer, "migrate_to_chat_id")) {
            json body = json::parse(refused.body);
            body["chat_id"] = *moved;
            runtime::HttpRequest request = refused;
            request.body = body.dump();
            return request;
        }
        const bool is_unparsed = answer.body.find("parse entities") != std::string::npos ||
                                 answer.body.find("too long") != std::string::npos;
        if (!is_unparsed) return std::nullopt;
        return request_for(plain(notification, "Telegram cannot read its markup"), "", chat_id_);
    }

    Secret url_;
    std::int64_t chat_id_ = 0;
    int message_thread_id_ = 0;
    bool disable_notifications_ = false;
    /// The default text without markup, escaped as a whole.
    bool is_plain_ = false;
    std::string parse_mode_;
    Escape escape_ = nullptr;
    MessageText message_;
};

}  // namespace

IntegrationPtr read_telegram(const Node& node, Address address, ReadContext& context) {
    RawTelegram raw;
    const std::size_t before = context.errors.size();
    config::read_options(node, kTelegramOptions, raw, context.errors);
    auto made = std::make_shared<const Telegram>(raw, node, std::move(address), context);
    if (context.errors.size() != before) return nullptr;
    return made;
}

std::vector<config::OptionDoc> telegram_option_docs() {
    return config::docs_of(kTelegramOptions);
}

}  // namespace pilotlight::alerting

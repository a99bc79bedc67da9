#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "alerting/http_integration.h"
#include "alerting/receivers/answers.h"
#include "alerting/receivers/escapes.h"
#include "alerting/receivers/registry.h"

/// Microsoft Teams, by a workflow that takes an Adaptive Card ("When a Teams webhook request is
/// received"). Sources:
/// https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
/// https://adaptivecards.io/explorer/
namespace pilotlight::alerting {
namespace {

using nlohmann::json;

// 28 KB for the whole body; what the service wraps around it counts as well.
constexpr std::size_t kBodyMax = 27'000;
constexpr std::size_t kTitleMax = 500;
constexpr std::size_t kTextMax = 20'000;
constexpr std::size_t kActionsMax = 4;
constexpr std::size_t kActionUrlMax = 1'000;
// Four requests a second, sixty in half a minute.
constexpr Pace kPace{std::chrono::milliseconds(500), 4};

struct RawTeams {
    bool send_resolved = true;
    std::optional<Node> http_config;
    Secret webhook_url;
    std::string webhook_url_file;
    TextOption title{R"({{ template "msteamsv2.default.title" . }})", {}};
    TextOption text{R"({{ template "msteamsv2.default.text" . }})", {}};
    Duration timeout = std::chrono::seconds(10);
};

constexpr config::Option<RawTeams> kTeamsOptions[] = {
    config::option<&RawTeams::send_resolved>("send_resolved", "true",
                                             "whether the end is told too"),
    config::option<&RawTeams::http_config>("http_config", "global.http_config",
                                           "how Teams is reached"),
    config::option<&RawTeams::webhook_url>("webhook_url", "", "the workflow's URL"),
    config::option<&RawTeams::webhook_url_file>("webhook_url_file", "", "a file that holds it"),
    config::option<&RawTeams::title>("title", "msteamsv2.default.title", "the card's first line"),
    config::option<&RawTeams::text>("text", "msteamsv2.default.text",
                                    "the card's text; the whole card takes 28 KB"),
    config::option<&RawTeams::timeout>("timeout", "10s", "for one attempt"),
};

json text_block(std::string text) {
    return {{"type", "TextBlock"}, {"text", std::move(text)}, {"wrap", true}};
}

class Teams final : public HttpIntegration {
  public:
    Teams(const RawTeams& raw, const Node& node, Address address, ReadContext& context) {
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
        text_ = context.parse_text(raw.text);
    }

    [[nodiscard]] Message render(const Notification& notification) const override {
        MessageWriter writer(message_data(notification, {escape_card, 4'000}),
                             notification.decided_at);
        std::string title = writer.write(title_);
        std::string text = writer.write(text_);
        Message message;
        message.template_error = writer.error();
        if (!writer.error().empty()) {
            title = escape_card(plain_title(notification));
            text = escape_card(fmt::format("{}(a template failed: {})", plain_text(notification),
                                           cut_to(writer.error(), 300)));
        }
        std::string body;
        for (std::size_t limit = kTextMax;; limit /= 2) {
            body = card(notification, title, cut_to(text, limit));
            if (body.size() <= kBodyMax || limit < 100) break;
        }
        runtime::HttpRequest request = json_post(url_.reveal(), std::move(body));
        // Without it the service counts two bytes a character.
        request.headers[0].value = "application/json; charset=utf-8";
        message.requests.push_back(std::move(request));
        return message;
    }

    /// What the service behind the workflow refused comes as 200 with its status in a sentence.
    [[nodiscard]] Delivery classify(const runtime::HttpResult& answer) const override {
        Delivery delivery = classify_status(answer, secrets());
        if (delivery.kind != Delivery::Kind::delivered) return delivery;
        constexpr std::string_view kFailed = "returned HTTP error ";
        const std::size_t at = answer.body.find(kFailed);
        if (at == std::string::npos) return delivery;
        runtime::HttpResult inner = answer;
        inner.status = std::atoi(answer.body.c_str() + at + kFailed.size());
        if (inner.status >= 400 && inner.status < 600) return classify_status(inner, secrets());
        return Delivery::retry(Reason::bad_answer, describe_answer(answer, secrets()));
    }

    [[nodiscard]] Secret destination() const override { return url_; }

  private:
    static std::string card(const Notification& notification, const std::string& title,
                            std::string text) {
        const bool firing = notification.status() == Status::firing;
        json heading = text_block(cut_to(title, kTitleMax));
        heading["weight"] = "Bolder";
        heading["size"] = "Medium";
        heading["style"] = "heading";
        heading["color"] = firing ? "Attention" : "Good";
        json content{{"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"},
                     {"type", "AdaptiveCard"},
                     {"version", "1.4"},
                     {"body", json::array({std::move(heading), text_block(std::move(text))})},
                     {"msteams", {{"width", "Full"}}}};
        json buttons = actions(notification);
        if (!buttons.empty()) content["actions"] = std::move(buttons);
        const json body{{"type", "message"},
                        {"attachments",
                         json::array({{{"contentType", "application/vnd.microsoft.card.adaptive"},
                                       {"contentUrl", nullptr},
                                       {"content", std::move(content)}}})}};
        return body.dump(-1, ' ', false, json::error_handler_t::replace);
    }

    static json actions(const Notification& notification) {
        json all = json::array();
        const auto add = [&](std::string_view title, std::string_view url) {
            if (!is_link(url, kActionUrlMax) || all.size() == kActionsMax) return;
            const json action{{"type", "Action.OpenUrl"}, {"title", title}, {"url", url}};
            if (std::ranges::find(all, action) == all.end()) all.push_back(action);
        };
        add("Pilotlight", notification.external_url);
        for (const NotifiedAlert& alert : notification.alerts)
            add("Runbook", alert.annotations.get("runbook_url"));
        return all;
    }

    Secret url_;
    MessageText title_, text_;
};

}  // namespace

IntegrationPtr read_msteamsv2(const Node& node, Address address, ReadContext& context) {
    RawTeams raw;
    const std::size_t before = context.errors.size();
    config::read_options(node, kTeamsOptions, raw, context.errors);
    auto made = std::make_shared<const Teams>(raw, node, std::move(address), context);
    if (context.errors.size() != before) return nullptr;
    return made;
}

std::vector<config::OptionDoc> msteamsv2_option_docs() {
    return config::docs_of(kTeamsOptions);
}

}  // namespace pilotlight::alerting

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "alerting/http_integration.h"
#include "alerting/receivers/answers.h"
#include "alerting/receivers/registry.h"

/// Opsgenie's Alert API v2. Sources: https://docs.opsgenie.com/docs/alert-api,
/// https://docs.opsgenie.com/docs/alerts-and-alert-fields
///
/// One group is one alert: its alias is the dedup_key.
namespace pilotlight::alerting {
namespace {

using nlohmann::json;

constexpr std::size_t kMessageMax = 130;
constexpr std::size_t kDescriptionMax = 15'000;
constexpr std::size_t kSourceMax = 100;
constexpr std::size_t kEntityMax = 512;
constexpr std::size_t kNoteMax = 25'000;
constexpr std::size_t kTagsMax = 20;
constexpr std::size_t kTagMax = 50;
constexpr std::size_t kActionsMax = 10;
constexpr std::size_t kRespondersMax = 50;
constexpr std::size_t kDetailsMax = 8'000;

struct RawResponder {
    TextOption id;
    TextOption name;
    TextOption username;
    TextOption type;
};

constexpr config::Option<RawResponder> kResponderOptions[] = {
    config::option<&RawResponder::id>("id", "", "one of id, name and username is needed"),
    config::option<&RawResponder::name>("name", "", "of a team, schedule or escalation"),
    config::option<&RawResponder::username>("username", "", "of a user"),
    config::option<&RawResponder::type>("type", "required",
                                        "team, teams, user, escalation or schedule"),
};

struct RawOpsgenie {
    bool send_resolved = true;
    std::optional<Node> http_config;
    Secret api_key;
    std::string api_key_file;
    std::string api_url;
    TextOption message{R"({{ template "opsgenie.default.message" . }})", {}};
    TextOption description{R"({{ template "opsgenie.default.description" . }})", {}};
    TextOption source{R"({{ template "opsgenie.default.source" . }})", {}};
    std::optional<Node> details;
    TextOption entity;
    std::vector<Node> responders;
    TextOption actions;
    TextOption tags;
    TextOption note;
    TextOption priority;
    bool update_alerts = false;
    Duration timeout = std::chrono::seconds(10);
};

constexpr config::Option<RawOpsgenie> kOpsgenieOptions[] = {
    config::option<&RawOpsgenie::send_resolved>("send_resolved", "true",
                                                "whether the alert is closed with the end"),
    config::option<&RawOpsgenie::http_config>("http_config", "global.http_config",
                                              "how Opsgenie is reached"),
    config::option<&RawOpsgenie::api_key>("api_key", "global.opsgenie_api_key",
                                          "the integration's key"),
    config::option<&RawOpsgenie::api_key_file>("api_key_file", "", "a file that holds it"),
    config::option<&RawOpsgenie::api_url>("api_url", "global.opsgenie_api_url",
                                          "the API's address"),
    config::option<&RawOpsgenie::message>("message", "opsgenie.default.message",
                                          "the alert's title, 130 characters"),
    config::option<&RawOpsgenie::description>("description", "opsgenie.default.description",
                                              "15000 characters"),
    config::option<&RawOpsgenie::source>("source", "external_url", "where it comes from"),
    config::option<&RawOpsgenie::details>("details", "the common labels",
                                          "more names and texts, which go over those labels"),
    config::option<&RawOpsgenie::entity>("entity", "", "what it is about, 512 characters"),
    config::option<&RawOpsgenie::responders>("responders", "",
                                             "type and id, name or username of each"),
    config::option<&RawOpsgenie::actions>("actions", "", "custom actions, by commas"),
    config::option<&RawOpsgenie::tags>("tags", "", "by commas, 20 at most"),
    config::option<&RawOpsgenie::note>("note", "", "what is noted on it"),
    config::option<&RawOpsgenie::priority>("priority", "", "P1 to P5"),
    config::option<&RawOpsgenie::update_alerts>(
        "update_alerts", "false", "whether title and text of an open alert follow the group"),
    config::option<&RawOpsgenie::timeout>("timeout", "10s", "for one attempt"),
};

constexpr std::string_view kResponderTypes[] = {"team", "teams", "user", "escalation", "schedule"};

std::string lower(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

/// The parts of `a, b,c`, without empty ones.
json split(const std::string& text, std::size_t count_max, std::size_t length_max) {
    json parts = json::array();
    std::string_view rest = text;
    while (!rest.empty() && parts.size() < count_max) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        std::string_view part = rest.substr(0, comma);
        rest.remove_prefix(std::min(comma + 1, rest.size()));
        part.remove_prefix(std::min(part.find_first_not_of(" \t\n"), part.size()));
        part = part.substr(0, part.find_last_not_of(" \t\n") + 1);
        if (!part.empty()) parts.push_back(cut_to(part, length_max));
    }
    return parts;
}

struct Responder {
    MessageText id, name, username, type;
};

class Opsgenie final : public HttpIntegration {
  public:
    Opsgenie(const RawOpsgenie& raw, const Node& node, Address address, ReadContext& context) {
        address_ = std::move(address);
        send_resolved_ = raw.send_resolved;
        timeout_ = raw.timeout;
        update_alerts_ = raw.update_alerts;
        read_http(raw.http_config, context);
        read_destination(raw, node, context);
        const std::pair<MessageText*, const TextOption*> all[] = {
            {&message_, &raw.message}, {&description_, &raw.description}, {&source_, &raw.source},
            {&entity_, &raw.entity},   {&actions_, &raw.actions},         {&tags_, &raw.tags},
            {&note_, &raw.note},       {&priority_, &raw.priority}};
        for (const auto& [text, option] : all)
            *text = context.parse_text(*option);
        for (const Node& responder : raw.responders)
            read_responder(responder, context);
        read_details(raw, context);
    }

    [[nodiscard]] bool knows_repeats() const override { return true; }
    [[nodiscard]] Message render(const Notification& notification) const override {
        MessageWriter writer(message_data(notification), notification.decided_at);
        Message message;
        const bool resolved = notification.status() == Status::resolved;
        // Closing what was never opened tells nobody: what was missed is opened, low, and closed.
        if (!resolved || notification.missed) create(notification, writer, message);
        if (resolved) {
            const json body{{"source", cut_to(writer.write(source_), kSourceMax)}};
            message.requests.push_back(request(
                "POST", fmt::format("v2/alerts/{}/close", notification.dedup_key), true, body));
        }
        message.template_error = writer.error();
        return message;
    }

    [[nodiscard]] Secret destination() const override {
        return Secret(url_ + "\n" + key_.reveal());
    }

  private:
    void read_destination(const RawOpsgenie& raw, const Node& node, ReadContext& context) {
        key_ = context.read_secret(node, "api_key");
        if (key_.empty()) key_ = context.global.opsgenie_api_key;
        if (key_.empty()) {
            context.error(node,
                          "no key: expected api_key, api_key_file or global opsgenie_api_key");
        }
        if (key_.reveal().contains("{{")) {
            context.error(node, "api_key is taken as it stands: expected no template in it");
        }
        keep_secret({key_});
        url_ = raw.api_url.empty() ? context.global.opsgenie_api_url : raw.api_url;
        if (!raw.api_url.empty()) context.check_url(*node.find("api_url"), raw.api_url);
        if (!url_.ends_with('/')) url_ += '/';
    }

    void read_responder(const Node& node, ReadContext& context) {
        RawResponder raw;
        config::read_options(node, kResponderOptions, raw, context.errors);
        if (raw.id.text.empty() && raw.name.text.empty() && raw.username.text.empty()) {
            context.error(node, "a responder needs an id, a name or a username");
        }
        if (raw.type.text.find("{{") == std::string::npos) {
            raw.type.text = lower(raw.type.text);
            if (std::ranges::count(kResponderTypes, raw.type.text) == 0) {
                context.error(node,
                              "a responder's type is team, teams, user, escalation or "
                              "schedule");
            }
        }
        responders_.push_back({context.parse_text(raw.id), context.parse_text(raw.name),
                               context.parse_text(raw.username), context.parse_text(raw.type)});
    }

    void read_details(const RawOpsgenie& raw, ReadContext& context) {
        if (!raw.details) return;
        if (!raw.details->is_mapping()) {
            context.error(*raw.details, "expected a mapping of names to texts");
        }
        for (const Node::Entry& entry : raw.details->entries) {
            TextOption option;
            read_value(entry.value, option, context.errors);
            details_[entry.key] = context.parse_text(option);
        }
    }

    runtime::HttpRequest request(std::string method, const std::string& path, bool by_alias,
                                 const json& body) const {
        runtime::HttpRequest made =
            json_post(url_ + path + (by_alias ? "?identifierType=alias" : ""),
                      body.dump(-1, ' ', false, json::error_handler_t::replace));
        made.method = std::move(method);
        made.headers.push_back({"Authorization", "GenieKey " + key_.reveal()});
        return made;
    }

    void create(const Notification& notification, MessageWriter& writer, Message& message) const {
        std::string title = writer.write(message_);
        std::string description = writer.write(description_);
        json body{{"alias", notification.dedup_key},
                  {"details", details(writer, notification)},
                  {"source", cut_to(writer.write(source_), kSourceMax)}};
        const auto put = [&](const char* key, const MessageText& text, std::size_t limit) {
            const std::string written = writer.write(text);
            if (!written.empty()) body[key] = cut_to(written, limit);
        };
        put("entity", entity_, kEntityMax);
        put("note", note_, kNoteMax);
        put("priority", priority_, 2);
        if (notification.missed) body["priority"] = "P5";
        json all = responders(writer);
        if (!all.empty()) body["responders"] = std::move(all);
        json tags = split(writer.write(tags_), kTagsMax, kTagMax);
        if (!tags.empty()) body["tags"] = std::move(tags);
        json actions = split(writer.write(actions_), kActionsMax, kTagMax);
        if (!actions.empty()) body["actions"] = std::move(actions);
        // Last, when it is known whether a template failed.
        if (!writer.error().empty()) {
            title = plain_title(notification);
            description = fmt::format("{}(a template failed: {})", plain_text(notification),
                                      cut_to(writer.error(), 300));
        }
        if (title.empty()) title = plain_title(notification);
        title = cut_to(title, kMessageMax);
        description = cut_to(description, kDescriptionMax);
        body["message"] = title;
        body["description"] = description;
        message.requests.push_back(request("POST", "v2/alerts", false, body));
        if (!update_alerts_ || notification.cause == Cause::first) return;
        const std::string alert = "v2/alerts/" + notification.dedup_key;
        message.requests.push_back(request("PUT", alert + "/message", true, {{"message", title}}));
        message.requests.push_back(
            request("PUT", alert + "/description", true, {{"description", description}}));
    }

    json details(MessageWriter& writer, const Notification& notification) const {
        std::map<std::string, std::string> all;
        for (const Label label : notification.common_labels())
            all[cut_to(label.name, 100)] = readable(label.value, 1'000);
        for (const auto& [name, text] : details_)
            all[name] = cut_to(writer.write(text), 4'000);
        json kept = json::object();
        std::size_t total = 0;
        for (const auto& [name, value] : all) {
            total += name.size() + value.size();
            if (total > kDetailsMax) break;
            kept[name] = value;
        }
        return kept;
    }

    json responders(MessageWriter& writer) const {
        json all = json::array();
        const auto add = [&](const std::string& type, const char* key, const std::string& value) {
            if (!value.empty() && all.size() < kRespondersMax) {
                all.push_back({{"type", type}, {key, value}});
            }
        };
        for (const Responder& responder : responders_) {
            const std::string type = lower(writer.write(responder.type));
            const std::string name = writer.write(responder.name);
            // Several teams in one text, by commas.
            if (type == "teams") {
                for (const json& team : split(name, kRespondersMax, 100))
                    add("team", "name", team.get<std::string>());
                continue;
            }
            const std::string id = writer.write(responder.id);
            const std::string username = writer.write(responder.username);
            if (!id.empty()) {
                add(type, "id", id);
            } else if (!name.empty()) {
                add(type, "name", name);
            } else {
                add(type, "username", username);
            }
        }
        return all;
    }

    Secret key_;
    std::string url_;
    bool update_alerts_ = false;
    MessageText message_, description_, source_, entity_, actions_, tags_, note_, priority_;
    std::vector<Responder> responders_;
    std::map<std::string, MessageText> details_;
};

}  // namespace

IntegrationPtr read_opsgenie(const Node& node, Address address, ReadContext& context) {
    RawOpsgenie raw;
    const std::size_t before = context.errors.size();
    config::read_options(node, kOpsgenieOptions, raw, context.errors);
    auto made = std::make_shared<const Opsgenie>(raw, node, std::move(address), context);
    if (context.errors.size() != before) return nullptr;
    return made;
}

std::vector<config::OptionDoc> opsgenie_option_docs() {
    return config::docs_of(kOpsgenieOptions);
}

}  // namespace pilotlight::alerting

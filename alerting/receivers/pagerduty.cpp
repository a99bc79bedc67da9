#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "alerting/http_integration.h"
#include "alerting/receivers/answers.h"
#include "alerting/receivers/escapes.h"
#include "alerting/receivers/pagerduty_change.h"
#include "alerting/receivers/pagerduty_options.h"
#include "alerting/receivers/registry.h"

/// PagerDuty's Events API v2 (and v1, for old service keys). Source:
/// https://developer.pagerduty.com/docs/events-api-v2/overview/
///
/// One group is one incident: its dedup_key. `group_by` decides how many there are.
namespace pilotlight::alerting {
namespace {

using nlohmann::json;

constexpr std::size_t kSummaryMax = 1'024;
constexpr std::size_t kEventBytesMax = 512'000;
constexpr std::size_t kDetailMax = 50'000;
constexpr std::size_t kShortDetailMax = 5'000;
constexpr std::size_t kLinksMax = 10;
constexpr std::size_t kLinkBytesMax = 2'000;
// 120 events a minute and key.
constexpr Pace kPace{std::chrono::milliseconds(500), 60};
constexpr std::string_view kV1Url =
    "https://events.pagerduty.com/generic/2010-04-15/create_event.json";

constexpr std::pair<std::string_view, std::string_view> kDefaultDetails[] = {
    {"firing", R"({{ template "pagerduty.default.instances" .Alerts.Firing }})"},
    {"resolved", R"({{ template "pagerduty.default.instances" .Alerts.Resolved }})"},
    {"num_firing", R"({{ .Alerts.Firing | len }})"},
    {"num_resolved", R"({{ .Alerts.Resolved | len }})"},
};

constexpr std::string_view kSeverities[] = {"info", "warning", "error", "critical"};

/// An index into kSeverities; nothing where the text is none of PagerDuty's or its kin.
std::optional<std::size_t> severity_rank(std::string_view text) {
    std::string word(text);
    for (char& c : word) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    if (word == "warn") word = "warning";
    if (word == "none" || word == "informational" || word == "information") word = "info";
    if (word == "page" || word == "crit" || word == "emergency") word = "critical";
    for (std::size_t rank = 0; rank < std::size(kSeverities); ++rank) {
        if (kSeverities[rank] == word) return rank;
    }
    return std::nullopt;
}

/// The worst of those that fire, or of all where none does.
std::string_view severity_of(const Notification& notification) {
    std::optional<std::size_t> worst;
    const Status status = notification.status();
    for (const NotifiedAlert& alert : notification.alerts) {
        if (alert.status != status) continue;
        const auto rank = severity_rank(alert.labels.get("severity"));
        if (rank && (!worst || *rank > *worst)) worst = rank;
    }
    return worst ? kSeverities[*worst] : "error";
}

std::string clock(WallTime time) {
    return format_time(time).substr(11, 8);
}

/// What an incident is called that was over before PagerDuty could be told.
std::string missed_prefix(const Notification& notification) {
    const auto began = notification.began_at();
    const auto ended = notification.ended_at();
    if (!began || !ended) return "";
    return fmt::format("[OVER, {} to {} UTC] ", clock(*began), clock(*ended));
}

struct Link {
    MessageText href;
    MessageText text;
};

struct Image {
    MessageText src;
    MessageText alt;
    MessageText href;
};

class PagerDuty final : public HttpIntegration {
  public:
    PagerDuty(const RawPagerDuty& raw, const Node& node, Address address, ReadContext& context) {
        address_ = std::move(address);
        send_resolved_ = raw.send_resolved;
        timeout_ = raw.timeout;
        pace_ = kPace;
        read_http(raw.http_config, context);
        read_key(raw, node, context);
        const std::pair<MessageText*, const TextOption*> all[] = {
            {&client_, &raw.client},           {&client_url_, &raw.client_url},
            {&description_, &raw.description}, {&severity_, &raw.severity},
            {&source_, &raw.source},           {&class_, &raw.class_},
            {&component_, &raw.component},     {&group_, &raw.group}};
        for (const auto& [text, option] : all)
            *text = context.parse_text(*option);
        read_details(raw, context);
        for (const Node& link : raw.links) {
            const RawPagerDutyLink parts = read_pagerduty_link(link, context);
            links_.push_back({context.parse_text(parts.href), context.parse_text(parts.text)});
        }
        for (const Node& image : raw.images) {
            const RawPagerDutyImage parts = read_pagerduty_image(image, context);
            images_.push_back({context.parse_text(parts.src), context.parse_text(parts.alt),
                               context.parse_text(parts.href)});
        }
        keep_secret({key_});
    }

    [[nodiscard]] bool knows_repeats() const override { return true; }
    [[nodiscard]] Message render(const Notification& notification) const override {
        MessageWriter writer(message_data(notification), notification.decided_at);
        Message message;
        const bool resolved = notification.status() == Status::resolved;
        // A resolve of what PagerDuty does not know is dropped there without a word: what was
        // missed is opened, low, and closed.
        if (!resolved || notification.missed) {
            message.requests.push_back(request_for(trigger(writer, notification)));
        }
        if (resolved) {
            message.requests.push_back(request_for(resolve(writer, notification)));
        }
        message.template_error = writer.error();
        return message;
    }

    [[nodiscard]] bool takes_changes() const override {
        return !is_v1_ && pagerduty_change_url(url_).has_value();
    }

    [[nodiscard]] Message render_change(const ChangeEvent& event) const override {
        Message message;
        message.requests.push_back(json_post(pagerduty_change_url(url_).value_or(url_),
                                             pagerduty_change_body(key_, event)));
        return message;
    }

    [[nodiscard]] Delivery classify(const runtime::HttpResult& answer) const override {
        // Events API v1 says 403 for too many.
        if (is_v1_ && answer.status == 403) {
            return Delivery::retry(Reason::rate_limited, describe_answer(answer, secrets()),
                                   retry_after(answer, wall_now()));
        }
        return classify_status(answer, secrets());
    }

    [[nodiscard]] Secret destination() const override {
        return Secret(url_ + "\n" + key_.reveal());
    }

  private:
    void read_key(const RawPagerDuty& raw, const Node& node, ReadContext& context) {
        key_ = context.read_secret(node, "routing_key");
        const Secret service_key = context.read_secret(node, "service_key");
        is_v1_ = key_.empty();
        if (is_v1_) key_ = service_key;
        // It would be sent as it stands, and refused when it matters.
        if (key_.reveal().contains("{{")) {
            context.error(node, "a key is taken as it stands: expected no template in it");
        }
        if (key_.empty()) {
            context.error(node,
                          "no key: expected routing_key, routing_key_file, service_key or "
                          "service_key_file");
        }
        url_ = is_v1_ ? std::string(kV1Url) : context.global.pagerduty_url;
        if (!raw.url.empty()) {
            url_ = raw.url;
            context.check_url(*node.find("url"), url_);
        }
    }

    void read_details(const RawPagerDuty& raw, ReadContext& context) {
        for (const auto& [name, text] : kDefaultDetails) {
            details_[std::string(name)] = context.parse_text({std::string(text), {}});
        }
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

    /// `text` as far as its template succeeded; what a template spoiled is said plainly.
    std::string summary(std::string text, const std::string& error,
                        const Notification& notification) const {
        if (!error.empty()) {
            text = fmt::format("{} (a template failed: {})", plain_title(notification),
                               cut_to(error, 300));
        }
        if (text.empty()) text = plain_title(notification);
        if (notification.missed) text = missed_prefix(notification) + text;
        return cut_to(text, kSummaryMax);
    }

    std::string severity(MessageWriter& writer, const Notification& notification) const {
        if (notification.missed) return "info";
        if (severity_.empty()) return std::string(severity_of(notification));
        const auto rank = severity_rank(writer.write(severity_));
        return std::string(rank ? kSeverities[*rank] : "error");
    }

    std::string source(MessageWriter& writer, const Notification& notification) const {
        std::string text = writer.write(source_);
        const Labels common = notification.common_labels();
        for (const char* name : {"instance", "target", "service"}) {
            if (text.empty()) text = readable(common.get(name), kSummaryMax);
        }
        if (text.empty()) text = writer.write(client_);
        return cut_to(text.empty() ? "Pilotlight" : text, kSummaryMax);
    }

    json details(MessageWriter& writer, const Notification& notification) const {
        json all = json::object();
        for (const auto& [name, text] : details_) {
            all[name] = cut_to(writer.write(text), kDetailMax);
        }
        if (!writer.error().empty()) {
            all["error"] = fmt::format("a template failed: {}", cut_to(writer.error(), 500));
            all["alerts"] = cut_to(plain_text(notification), kDetailMax);
        }
        return all;
    }

    json links(MessageWriter& writer, const Notification& notification) const {
        json all = json::array();
        const auto add = [&](std::string href, std::string text) {
            if (href.empty() || all.size() == kLinksMax) return;
            const json link{{"href", href}, {"text", text.empty() ? href : text}};
            if (std::ranges::find(all, link) == all.end()) all.push_back(link);
        };
        for (const Link& link : links_)
            add(writer.write(link.href), writer.write(link.text));
        if (!links_.empty()) return all;
        for (const NotifiedAlert& alert : notification.alerts) {
            const std::string_view runbook = alert.annotations.get("runbook_url");
            if (!is_link(runbook, kLinkBytesMax)) continue;
            add(std::string(runbook),
                fmt::format("Runbook: {}", readable(alert.labels.get(kAlertName), 200)));
        }
        return all;
    }

    json images(MessageWriter& writer) const {
        json all = json::array();
        for (const Image& image : images_) {
            const std::string src = writer.write(image.src);
            if (src.empty()) continue;
            all.push_back({{"src", src},
                           {"alt", writer.write(image.alt)},
                           {"href", writer.write(image.href)}});
        }
        return all;
    }

    json trigger(MessageWriter& writer, const Notification& notification) const {
        // Details and summary come last: they tell of any template that failed before.
        std::string description = writer.write(description_);
        const std::string client = cut_to(writer.write(client_), 255);
        const std::string client_url = writer.write(client_url_);
        json event;
        if (is_v1_) {
            event = {{"service_key", key_.reveal()},
                     {"event_type", "trigger"},
                     {"incident_key", notification.dedup_key}};
            event["details"] = details(writer, notification);
            event["description"] = summary(std::move(description), writer.error(), notification);
        } else {
            event = {{"routing_key", key_.reveal()},
                     {"event_action", "trigger"},
                     {"dedup_key", notification.dedup_key}};
            add_parts(event, writer, notification);
            json& payload = event["payload"];
            payload["custom_details"] = details(writer, notification);
            payload["summary"] = summary(std::move(description), writer.error(), notification);
        }
        event["client"] = client;
        if (!client_url.empty()) event["client_url"] = client_url;
        return event;
    }

    /// Payload, links and images of Events API v2.
    void add_parts(json& event, MessageWriter& writer, const Notification& notification) const {
        json payload{{"source", source(writer, notification)},
                     {"severity", severity(writer, notification)}};
        if (const auto began = notification.began_at()) payload["timestamp"] = format_time(*began);
        for (const auto& [key, text] :
             {std::pair{"class", &class_}, std::pair{"component", &component_},
              std::pair{"group", &group_}}) {
            std::string written = writer.write(*text);
            if (!written.empty()) payload[key] = cut_to(written, kSummaryMax);
        }
        event["payload"] = std::move(payload);
        json all_images = images(writer);
        json all_links = links(writer, notification);
        if (!all_images.empty()) event["images"] = std::move(all_images);
        if (!all_links.empty()) event["links"] = std::move(all_links);
    }

    json resolve(MessageWriter& writer, const Notification& notification) const {
        if (is_v1_) {
            json event{{"service_key", key_.reveal()},
                       {"event_type", "resolve"},
                       {"incident_key", notification.dedup_key}};
            std::string description = writer.write(description_);
            event["details"] = details(writer, notification);
            event["description"] = summary(std::move(description), writer.error(), notification);
            return event;
        }
        return {{"routing_key", key_.reveal()},
                {"event_action", "resolve"},
                {"dedup_key", notification.dedup_key}};
    }

    runtime::HttpRequest request_for(json event) const {
        runtime::HttpRequest request =
            json_post(url_, event.dump(-1, ' ', false, json::error_handler_t::replace));
        if (request.body.size() > kEventBytesMax) {
            shorten_details(event);
            request.body = event.dump(-1, ' ', false, json::error_handler_t::replace);
        }
        return request;
    }

    /// An event over PagerDuty's size is refused whole; its details give way.
    void shorten_details(json& event) const {
        json& all = is_v1_ ? event["details"] : event["payload"]["custom_details"];
        json kept = json::object();
        std::size_t total = 0;
        for (const auto& [name, value] : all.items()) {
            std::string text = cut_to(value.get<std::string>(), kShortDetailMax);
            total += name.size() + text.size();
            if (total > kEventBytesMax / 4) break;
            kept[name] = std::move(text);
        }
        kept["shortened"] = "the event was larger than the 512 KB that PagerDuty takes";
        all = std::move(kept);
    }

    Secret key_;
    bool is_v1_ = false;
    std::string url_;
    MessageText client_, client_url_, description_, severity_, source_, class_, component_, group_;
    std::map<std::string, MessageText> details_;
    std::vector<Link> links_;
    std::vector<Image> images_;
};

}  // namespace

IntegrationPtr read_pagerduty(const Node& node, Address address, ReadContext& context) {
    const std::size_t before = context.errors.size();
    const RawPagerDuty raw = read_pagerduty_options(node, context);
    auto made = std::make_shared<const PagerDuty>(raw, node, std::move(address), context);
    if (context.errors.size() != before) return nullptr;
    return made;
}

}  // namespace pilotlight::alerting

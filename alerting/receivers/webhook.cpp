#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "alerting/http_integration.h"
#include "alerting/receivers/answers.h"
#include "alerting/receivers/registry.h"

/// Any HTTP endpoint, with Alertmanager's JSON, version 4. Source:
/// https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
namespace pilotlight::alerting {
namespace {

using nlohmann::json;

/// Characters of one label or annotation.
constexpr std::size_t kValueMax = 65'536;

struct RawWebhook {
    bool send_resolved = true;
    std::optional<Node> http_config;
    Secret url;
    std::string url_file;
    std::uint64_t max_alerts = 0;
    Duration timeout{};
};

constexpr config::Option<RawWebhook> kWebhookOptions[] = {
    config::option<&RawWebhook::send_resolved>("send_resolved", "true",
                                               "whether the end is told too"),
    config::option<&RawWebhook::http_config>("http_config", "global.http_config",
                                             "how it is reached"),
    config::option<&RawWebhook::url>("url", "", "where to POST; or url_file"),
    config::option<&RawWebhook::url_file>("url_file", "", "a file that holds it"),
    config::option<&RawWebhook::max_alerts>("max_alerts", "0",
                                            "alerts in one message; 0 for all of them"),
    config::option<&RawWebhook::timeout>("timeout", "10s", "for one attempt"),
};

/// RFC 3339 as Go writes it, and Go's zero time for what has not ended.
std::string time_text(std::optional<WallTime> time) {
    return time ? format_time(*time) : "0001-01-01T00:00:00Z";
}

json labels_object(const Labels& labels) {
    json object = json::object();
    for (const Label label : labels)
        object[std::string(label.name)] = cut_to(label.value, kValueMax);
    return object;
}

json alert_object(const NotifiedAlert& alert) {
    return {{"status", to_string(alert.status)},
            {"labels", labels_object(alert.labels)},
            {"annotations", labels_object(alert.annotations)},
            {"startsAt", time_text(alert.starts_at)},
            {"endsAt", time_text(alert.ends_at)},
            {"generatorURL", alert.generator_url},
            {"fingerprint", alert.fingerprint()}};
}

class Webhook final : public HttpIntegration {
  public:
    Webhook(const RawWebhook& raw, const Node& node, Address address, ReadContext& context) {
        address_ = std::move(address);
        send_resolved_ = raw.send_resolved;
        if (raw.timeout > Duration(0)) timeout_ = raw.timeout;
        read_http(raw.http_config, context);
        url_ = context.read_secret_url(node, "url");
        if (url_.empty()) context.error(node, "nowhere to send to: expected url or url_file");
        max_alerts_ = raw.max_alerts;
        keep_secret({url_});
    }

    [[nodiscard]] bool knows_repeats() const override { return true; }
    [[nodiscard]] Message render(const Notification& notification) const override {
        json alerts = json::array();
        for (const NotifiedAlert& alert : notification.alerts) {
            if (max_alerts_ != 0 && alerts.size() == max_alerts_) break;
            alerts.push_back(alert_object(alert));
        }
        const std::size_t truncated = notification.alerts.size() - alerts.size();
        const json body{{"version", "4"},
                        {"groupKey", notification.group_key},
                        {"truncatedAlerts", truncated},
                        {"status", to_string(notification.status())},
                        {"receiver", notification.to.receiver},
                        {"groupLabels", labels_object(notification.group_labels)},
                        {"commonLabels", labels_object(notification.common_labels())},
                        {"commonAnnotations", labels_object(notification.common_annotations())},
                        {"externalURL", notification.external_url},
                        {"alerts", std::move(alerts)}};
        runtime::HttpRequest request;
        request.method = "POST";
        request.url = url_.reveal();
        request.headers = {{"Content-Type", "application/json"},
                           // The same for every repeat of this message, and for the incident.
                           {"Idempotency-Key",
                            fmt::format("{}-{}", notification.dedup_key, notification.sequence)},
                           {"Pilotlight-Dedup-Key", notification.dedup_key}};
        http_.apply(request);
        request.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
        Message message;
        message.requests.push_back(std::move(request));
        return message;
    }

    [[nodiscard]] Secret destination() const override { return url_; }

  private:
    Secret url_;
    std::uint64_t max_alerts_ = 0;
};

}  // namespace

IntegrationPtr read_webhook(const Node& node, Address address, ReadContext& context) {
    RawWebhook raw;
    const std::size_t before = context.errors.size();
    config::read_options(node, kWebhookOptions, raw, context.errors);
    auto made = std::make_shared<const Webhook>(raw, node, std::move(address), context);
    if (context.errors.size() != before) return nullptr;
    return made;
}

std::vector<config::OptionDoc> webhook_option_docs() {
    return config::docs_of(kWebhookOptions);
}

}  // namespace pilotlight::alerting

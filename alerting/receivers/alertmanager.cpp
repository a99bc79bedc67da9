#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "alerting/http_integration.h"
#include "alerting/receivers/answers.h"
#include "alerting/receivers/escapes.h"
#include "alerting/receivers/registry.h"
#include "runtime/services.h"
#include "runtime/url.h"

/// An Alertmanager cluster, told as a Prometheus tells it. Source: Alertmanager's API v2
/// (https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml) and what Prometheus
/// promises it: each member is told of each alert, again and again while it fires with an end in
/// the near future, and of its end for 15 minutes.
namespace pilotlight::alerting {
namespace {

namespace asio = boost::asio;
using nlohmann::json;

/// In one request, as Prometheus has it.
constexpr std::size_t kBatchMax = 256;
constexpr std::size_t kValueMax = 10'000;
/// An alert that is not sent again ends after so many intervals.
constexpr int kLastsIntervals = 4;

struct RawAlertmanager {
    bool send_resolved = true;
    std::optional<Node> http_config;
    std::vector<Node> urls;
    Duration resend_delay = std::chrono::minutes(1);
    Duration timeout = std::chrono::seconds(10);
};

constexpr config::Option<RawAlertmanager> kAlertmanagerOptions[] = {
    config::option<&RawAlertmanager::send_resolved>("send_resolved", "true",
                                                    "whether the end is told too"),
    config::option<&RawAlertmanager::http_config>("http_config", "global.http_config",
                                                  "how its members are reached"),
    config::option<&RawAlertmanager::urls>(
        "urls", "required", "of every member of the cluster, such as http://am-0:9093"),
    config::option<&RawAlertmanager::resend_delay>("resend_delay", "1m",
                                                   "how often it is told again what still fires"),
    config::option<&RawAlertmanager::timeout>("timeout", "10s", "for one attempt, all members"),
};

json texts(const Labels& labels) {
    json object = json::object();
    for (const Label label : labels) {
        if (!label.value.empty()) object[std::string(label.name)] = cut_to(label.value, kValueMax);
    }
    return object;
}

class Alertmanager final : public HttpIntegration {
  public:
    Alertmanager(const RawAlertmanager& raw, const Node& node, Address address,
                 ReadContext& context) {
        address_ = std::move(address);
        send_resolved_ = raw.send_resolved;
        timeout_ = raw.timeout;
        resend_delay_ = raw.resend_delay;
        if (raw.resend_delay <= Duration(0)) {
            context.error(*node.find("resend_delay"), "expected more than 0s");
        }
        read_http(raw.http_config, context);
        if (raw.urls.empty()) context.error(node, "nowhere to send to: expected urls");
        for (const Node& entry : raw.urls) {
            // A user and a password may be in it.
            Secret url;
            config::read_value(entry, url, context.errors);
            const auto parsed = runtime::parse_url(url.reveal());
            if (!parsed) context.error(entry, parsed.error().message);
            std::string base = url.reveal();
            while (base.ends_with('/'))
                base.pop_back();
            members_.emplace_back(base + "/api/v2/alerts");
        }
        keep_secret(members_);
    }

    /// Every member's requests, one member after the other. `decided_at` is when it is sent.
    [[nodiscard]] bool knows_repeats() const override { return true; }
    [[nodiscard]] Message render(const Notification& notification) const override {
        Message message;
        const std::vector<std::string> batches = bodies(notification);
        for (const Secret& member : members_) {
            for (const std::string& batch : batches)
                message.requests.push_back(json_post(member.reveal(), batch));
        }
        return message;
    }

    /// Delivered once a member has it: the others learn of it from that one, and with the next
    /// turn. One that hangs takes no more than its share of the time.
    [[nodiscard]] asio::awaitable<Sent> send(runtime::Services& services, Notification notification,
                                             std::string /*memory*/,
                                             runtime::Deadline deadline) const override {
        notification.decided_at = wall_now();
        const std::vector<std::string> batches = bodies(notification);
        std::optional<Delivery> worst;
        bool has_one = false;
        for (std::size_t member = 0; member < members_.size(); ++member) {
            const auto left = std::chrono::floor<Duration>(deadline.at - steady_now());
            const auto share = left / static_cast<int>(members_.size() - member);
            const runtime::Deadline turn = runtime::Deadline::in(std::max(share, Duration(1)));
            Delivery delivery = co_await tell(services, members_[member], batches, turn);
            has_one = has_one || delivery.kind == Delivery::Kind::delivered;
            if (!worst || delivery.kind == Delivery::Kind::retry) worst = std::move(delivery);
        }
        Sent sent;
        if (!has_one && worst) sent.delivery = std::move(*worst);
        co_return sent;
    }

    [[nodiscard]] std::optional<Duration> resend_every() const override { return resend_delay_; }

    [[nodiscard]] Secret destination() const override {
        std::string all;
        for (const Secret& member : members_)
            all += member.reveal() + "\n";
        return Secret(std::move(all));
    }

  private:
    asio::awaitable<Delivery> tell(runtime::Services& services, Secret member,
                                   std::vector<std::string> batches,
                                   runtime::Deadline deadline) const {
        Delivery delivery;
        for (std::string& batch : batches) {
            runtime::HttpRequest request = json_post(member.reveal(), std::move(batch));
            Heard heard = co_await exchange(services, std::move(request), deadline);
            delivery = std::move(heard.delivery);
            if (delivery.kind != Delivery::Kind::delivered) break;
        }
        co_return delivery;
    }

    [[nodiscard]] std::vector<std::string> bodies(const Notification& notification) const {
        std::vector<std::string> all;
        json batch = json::array();
        const auto close = [&] {
            if (batch.empty()) return;
            all.push_back(batch.dump(-1, ' ', false, json::error_handler_t::replace));
            batch = json::array();
        };
        const WallTime lasts = notification.decided_at + resend_delay_ * kLastsIntervals;
        for (const NotifiedAlert& alert : notification.alerts) {
            json entry{{"labels", texts(alert.labels)},
                       {"annotations", texts(alert.annotations)},
                       {"startsAt", format_time(alert.starts_at)},
                       {"endsAt", format_time(alert.ends_at.value_or(lasts))}};
            // What is no URI makes Alertmanager refuse the whole request.
            if (is_link(alert.generator_url, kValueMax)) {
                entry["generatorURL"] = alert.generator_url;
            }
            batch.push_back(std::move(entry));
            if (batch.size() == kBatchMax) close();
        }
        close();
        return all;
    }

    std::vector<Secret> members_;
    Duration resend_delay_{};
};

}  // namespace

IntegrationPtr read_alertmanager(const Node& node, Address address, ReadContext& context) {
    RawAlertmanager raw;
    const std::size_t before = context.errors.size();
    config::read_options(node, kAlertmanagerOptions, raw, context.errors);
    auto made = std::make_shared<const Alertmanager>(raw, node, std::move(address), context);
    if (context.errors.size() != before) return nullptr;
    return made;
}

std::vector<config::OptionDoc> alertmanager_option_docs() {
    return config::docs_of(kAlertmanagerOptions);
}

}  // namespace pilotlight::alerting

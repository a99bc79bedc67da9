#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/notification.h"
#include "config/options.h"
#include "core/document.h"
#include "core/error.h"
#include "core/time.h"
#include "runtime/http_client.h"

namespace pilotlight::alerting {

/// Why a notification failed: the label `reason` of pilotlight_notifications_failed_total.
enum class Reason {
    resolve,
    connect,
    tls,
    timeout,
    connection_lost,
    rate_limited,
    server_error,
    client_error,
    bad_answer,
    expired,
    receiver_removed,
};

/// "resolve", "connect", ...
[[nodiscard]] std::string_view to_string(Reason reason);
[[nodiscard]] std::span<const Reason> all_reasons();

/// What a receiver made of one attempt.
struct Delivery {
    enum class Kind { delivered, retry, rejected };
    Kind kind = Kind::delivered;
    /// The rest is for retry and rejected.
    Reason reason = Reason::server_error;
    /// As the receiver asked by Retry-After; the whole queue waits so long.
    std::optional<Duration> retry_after;
    /// One line for people. No secrets.
    std::string detail;

    [[nodiscard]] static Delivery delivered() { return {}; }
    [[nodiscard]] static Delivery retry(Reason reason, std::string detail,
                                        std::optional<Duration> after = {}) {
        return {Kind::retry, reason, after, std::move(detail)};
    }
    [[nodiscard]] static Delivery rejected(Reason reason, std::string detail) {
        return {Kind::rejected, reason, {}, std::move(detail)};
    }
};

/// What to send for one notification: each request in order, a later one only when the earlier
/// were delivered. All may be sent again after a failure.
struct Message {
    std::vector<runtime::HttpRequest> requests;
    /// Templates that failed, in words; the message went plain, with this in it.
    std::string template_error;
};

/// One way to tell somebody, with its options: an entry of `slack_configs`. Immutable; any thread.
class Integration {
  public:
    Integration() = default;
    Integration(const Integration&) = delete;
    Integration& operator=(const Integration&) = delete;
    virtual ~Integration() = default;

    /// Never fails: what a template spoils goes out plain.
    [[nodiscard]] virtual Message render(const Notification& notification) const = 0;
    /// What an answer means. Failures of the dialogue itself (HttpResult::failure) are classified
    /// by the sender, alike for all.
    [[nodiscard]] virtual Delivery classify(const runtime::HttpResult& answer) const = 0;

    [[nodiscard]] const Address& address() const { return address_; }
    [[nodiscard]] bool send_resolved() const { return send_resolved_; }
    /// For one attempt, all of its requests together.
    [[nodiscard]] Duration timeout() const { return timeout_; }

  protected:
    Address address_;
    bool send_resolved_ = true;
    Duration timeout_ = std::chrono::seconds(10);
};
using IntegrationPtr = std::shared_ptr<const Integration>;

}  // namespace pilotlight::alerting

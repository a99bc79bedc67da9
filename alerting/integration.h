#pragma once

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/change_event.h"
#include "alerting/notification.h"
#include "config/options.h"
#include "core/document.h"
#include "core/error.h"
#include "core/secret.h"
#include "core/time.h"
#include "runtime/deadline.h"
#include "runtime/http_client.h"

namespace pilotlight::runtime {
class Services;
}  // namespace pilotlight::runtime

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
    /// The whole mail (RFC 5322), where it goes by mail and not by HTTP.
    std::string mail;
    /// Templates that failed, in words; the message went plain, with this in it.
    std::string template_error;
};

/// One attempt to send, with all that it leaves behind.
struct Sent {
    Delivery delivery;
    /// What to remember of the group at this receiver from now on, such as the message to edit next
    /// time: kept in the journal, committed with the receipt. Nothing leaves it as it was. It holds
    /// for attempts that failed half-way, too.
    std::optional<std::string> memory;
    /// As Message::template_error.
    std::string template_error;
};

/// How often a service wants to be called: `burst` messages at once, then one in each `every`.
struct Pace {
    Duration every{};
    int burst = 1;
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
    /// Tells it, once, by `deadline`. `memory` is what an earlier attempt for the group left, ""
    /// for nothing. This and `services` outlive the call. Throws only when cancelled.
    [[nodiscard]] virtual boost::asio::awaitable<Sent> send(runtime::Services& services,
                                                            Notification notification,
                                                            std::string memory,
                                                            runtime::Deadline deadline) const = 0;
    /// Whether the service wants to know what was changed (pilotlight.yaml's `change_events`).
    [[nodiscard]] virtual bool takes_changes() const { return false; }
    /// Only where it takes changes.
    [[nodiscard]] virtual Message render_change(const ChangeEvent& event) const;
    /// As send(), once; only where it takes changes.
    [[nodiscard]] virtual boost::asio::awaitable<Delivery> send_change(
        runtime::Services& services, ChangeEvent event, runtime::Deadline deadline) const;
    /// `text`, which comes from a message of this integration, as it may be shown to people.
    [[nodiscard]] virtual std::string without_secrets(std::string text) const { return text; }
    /// Where its messages end up, as far as that tells it from other integrations of its kind: the
    /// address and what lets one in. "" where that cannot be told.
    [[nodiscard]] virtual Secret destination() const { return {}; }
    /// How often the receiver wants to hear again what it accepted, for as long as it holds and
    /// some time after; nothing for those that remember by themselves.
    [[nodiscard]] virtual std::optional<Duration> resend_every() const { return {}; }

    /// Whether whoever gets the same message twice can tell, by a key in it or because it says how
    /// things are and not what happened: then a crash may repeat some.
    [[nodiscard]] virtual bool knows_repeats() const { return false; }

    [[nodiscard]] const Address& address() const { return address_; }
    [[nodiscard]] bool send_resolved() const { return send_resolved_; }
    /// For one attempt, all of its requests together.
    [[nodiscard]] Duration timeout() const { return timeout_; }
    /// By the service's published limits.
    [[nodiscard]] Pace pace() const { return pace_; }

  protected:
    Address address_;
    bool send_resolved_ = true;
    Duration timeout_ = std::chrono::seconds(10);
    Pace pace_;
};
using IntegrationPtr = std::shared_ptr<const Integration>;

}  // namespace pilotlight::alerting

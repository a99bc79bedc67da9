#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alerting/backoff.h"
#include "alerting/journal.h"
#include "alerting/notification.h"
#include "alerting/routing_config.h"

namespace pilotlight::runtime {
class Loop;
class Services;
}  // namespace pilotlight::runtime

namespace pilotlight::alerting {

/// How one integration is doing: a line of the status page.
struct ReceiverStatus {
    Address address;
    std::uint64_t pending = 0;
    std::optional<WallTime> last_delivered;
    /// Empty while the last attempt was accepted. No secrets.
    std::string last_error;
};

/// Told on the delivery loop's thread; post to wherever it belongs. Any may be empty.
struct OutboxObserver {
    /// Accepted; `delay` counts from the sample that decided.
    std::function<void(const Address&, Duration delay)> on_delivered;
    /// One failed attempt, or the giving up.
    std::function<void(const Address&, Reason)> on_failed;
    /// What Dispatcher::settle() wants to know.
    std::function<void(const Settlement&)> on_settled;
    /// One line for the log: a refusal, a template that failed, a slow disk. No secrets.
    std::function<void(const std::string&)> on_trouble;
};

/// From decided notifications to delivered messages: recorded, committed, sent, settled. Each
/// integration has its own ordered queue and coroutine, so that none delays another. Sending may be
/// repeated (at least once); dedup keys make repeats harmless.
class Outbox {
  public:
    struct Options {
        BackoffOptions backoff;
        /// Given up after that age.
        Duration give_up_after = std::chrono::hours(24);
        /// A commit that takes longer is not waited for: a hanging disk delays no page.
        Duration commit_patience = std::chrono::seconds(2);
        /// Replaces each integration's own timeout, for tests.
        std::optional<Duration> timeout;
    };

    /// `journal`, `loop` and `services` (the loop's) outlive this. Rows of `restored` are sent on,
    /// the notification log's `told` says who knows of what.
    Outbox(Journal& journal, runtime::Loop& loop, runtime::Services& services,
           SharedRouting routing, std::vector<OutboxRow> restored, const std::vector<Told>& told,
           OutboxObserver observer, Options options);
    Outbox(Journal& journal, runtime::Loop& loop, runtime::Services& services,
           SharedRouting routing, std::vector<OutboxRow> restored, const std::vector<Told>& told,
           OutboxObserver observer);
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;
    /// stop() must have ended.
    ~Outbox();

    /// Thread: any.
    void submit(std::vector<Notification> notifications);
    /// Puts another configuration in force for what is sent from now on. Thread: any.
    void configure(SharedRouting routing);
    /// One line per integration of the configuration, plus removed ones that still have something
    /// waiting. Thread: any.
    [[nodiscard]] std::vector<ReceiverStatus> status() const;
    [[nodiscard]] std::uint64_t pending() const;

    /// Cancels what is being sent (its rows stay pending) and joins the coroutines. Call it on the
    /// delivery loop, before that is stopped.
    [[nodiscard]] boost::asio::awaitable<void> stop();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace pilotlight::alerting

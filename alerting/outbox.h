#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <map>
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
    /// Notifications that were given up, as far as the journal still keeps them.
    std::uint64_t dead = 0;
    /// Since when the one that waits longest waits; what a fallback was told does not count.
    std::optional<SteadyTime> waiting_since;
};

/// Told on the delivery loop's thread; post to wherever it belongs. Any may be empty.
struct OutboxObserver {
    /// Accepted; `delay` counts from the sample that decided.
    std::function<void(const Address&, Duration delay)> on_delivered;
    /// One failed attempt, or the giving up.
    std::function<void(const Address&, Reason)> on_failed;
    /// A notification was given up.
    std::function<void(const Address&)> on_dead;
    /// What Dispatcher::settle() wants to know.
    std::function<void(const Settlement&)> on_settled;
    /// One line for the log: a refusal, a template that failed, a slow disk. No secrets.
    std::function<void(const std::string&)> on_trouble;
};

/// From decided notifications to delivered messages: recorded, committed, sent, settled. Each
/// integration has its own ordered queue and coroutine, so that none delays another. Sending may be
/// repeated (at least once); dedup keys make repeats harmless. What a receiver does not take goes
/// to its fallback as well, if it has one (pilotlight.yaml's `receivers`), and so does its end.
class Outbox {
  public:
    struct Options {
        BackoffOptions backoff;
        /// Given up after that age where the configuration no longer has the receiver; else it says
        /// when.
        Duration give_up_after = std::chrono::hours(24);
        /// Of the first notification that the outbox makes itself.
        std::uint64_t next_sequence = Notification::kBeyondRoutes;
        /// Given up by earlier runs.
        std::map<Address, std::uint64_t> dead;
        /// What stays open at integrations that the configuration no longer has, to be shown.
        std::vector<Told> stranded;
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
    /// Tells every integration of every receiver once, beyond all routes and silences: something
    /// about Pilotlight itself that nobody may miss. Thread: any.
    void announce(NotifiedAlert alert, std::string external_url);
    /// Puts another configuration in force for what is sent from now on. Thread: any.
    void configure(SharedRouting routing);
    /// One line per integration of the configuration, plus removed ones that still have something
    /// waiting, or open since an earlier run. Thread: any.
    [[nodiscard]] std::vector<ReceiverStatus> status() const;
    [[nodiscard]] std::uint64_t pending() const;
    /// Since when the notification that waits longest waits; what a fallback was told does not
    /// count. Thread: any.
    [[nodiscard]] std::optional<SteadyTime> waiting_since() const;

    /// Cancels what is being sent (its rows stay pending) and joins the coroutines. Call it on the
    /// delivery loop, before that is stopped.
    [[nodiscard]] boost::asio::awaitable<void> stop();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace pilotlight::alerting

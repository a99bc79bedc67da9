#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alerting/backoff.h"
#include "alerting/dispatcher.h"
#include "alerting/integration.h"
#include "alerting/notification.h"
#include "alerting/routing_config.h"
#include "alerting/silence.h"
#include "core/alert.h"
#include "runtime/http_client.h"

namespace pilotlight::alerting {

/// The alerting half in virtual time: the Dispatcher and every integration's SendQueue are the real
/// ones, the messages are rendered by the real integrations, and what the services would answer is
/// written down beforehand. No network, no disk, no clock. What happens at one time takes no time
/// but for receivers that do not answer; the wait after a failed attempt is the longest that jitter
/// allows. Not rehearsed: fallbacks, repeats to receivers that forget by themselves (see Resends),
/// and messages that are edited instead of posted anew. Thread: any one.
class Rehearsal {
  public:
    /// What a receiver answers for a while; it accepts everything otherwise.
    struct Fault {
        std::string receiver;
        /// The kind of integration; "" for all of the receiver.
        std::string integration;
        WallTime from{};
        /// Not included.
        WallTime until{};
        runtime::HttpResult answer;
        /// It says nothing until the integration's timeout has passed.
        bool hangs = false;
    };
    struct Options {
        BackoffOptions backoff;
        Duration give_up_after = std::chrono::hours(24);
        /// By receiver, over `give_up_after`.
        std::map<std::string, Duration, std::less<>> give_up_after_of;
        std::string external_url;

        Options();
    };
    /// A notification that a receiver accepted, or that was given up.
    struct Outcome {
        WallTime at{};
        Settlement::Outcome kind = Settlement::Outcome::delivered;
        /// As it was sent in the end: with what waited before it.
        Notification notification;
        Message message;
        /// Those that failed before, or all where it was given up.
        int failures = 0;
        /// Of the last failed attempt; "" where there was none.
        std::string last_error;
    };

    Rehearsal(SharedRouting routing, std::vector<Fault> faults, WallTime start, Options options);
    Rehearsal(SharedRouting routing, std::vector<Fault> faults, WallTime start);
    Rehearsal(const Rehearsal&) = delete;
    Rehearsal& operator=(const Rehearsal&) = delete;
    ~Rehearsal();

    /// To be told before the start: it may begin later. The error is why nobody may ask for it.
    [[nodiscard]] Result<void> add_silence(Silence silence);
    /// Lets time pass and everything happen that is due at or before `until`.
    void advance(WallTime until);
    /// What rules decided at this time; whatever was due before has happened.
    void accept(std::span<const Alert> alerts, WallTime now);

    /// In the order in which they ended.
    [[nodiscard]] const std::vector<Outcome>& outcomes() const { return outcomes_; }
    /// Decided, and neither accepted nor given up yet.
    [[nodiscard]] std::size_t waiting() const;

  private:
    struct Lane;

    void step();
    void enqueue(Notification notification);
    Lane& lane_for(const Address& address);
    void run(Lane& lane);
    void begin(Lane& lane, const Notification& notification);
    void finish(Lane& lane);
    [[nodiscard]] const Fault* fault_of(const Address& address) const;
    [[nodiscard]] std::optional<WallTime> next_event() const;
    void settle(const Notification& notification, Settlement::Outcome outcome);
    [[nodiscard]] SteadyTime steady(WallTime time) const;
    [[nodiscard]] WallTime wall(SteadyTime time) const;

    SharedRouting routing_;
    std::vector<Fault> faults_;
    Options options_;
    WallTime start_;
    WallTime now_;
    Dispatcher dispatcher_;
    std::map<Address, std::unique_ptr<Lane>> lanes_;
    std::vector<Outcome> outcomes_;
};

}  // namespace pilotlight::alerting

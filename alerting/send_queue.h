#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "alerting/backoff.h"
#include "alerting/integration.h"
#include "alerting/notification.h"

namespace pilotlight::alerting {

/// What waits to be sent to one integration, in order, one at a time. Of one group at most one
/// notification waits: a newer one takes up what the older still had to tell.
/// Pure: no clock, no I/O. Thread: its owner's.
class SendQueue {
  public:
    struct Item {
        Notification notification;
        int attempts = 0;
        SteadyTime not_before{};
        /// No attempt is made after one that failed at or after this.
        SteadyTime give_up_at{};
    };

    explicit SendQueue(BackoffOptions backoff) : backoff_(std::move(backoff)) {}

    /// Whether the receiver has accepted that the group fires and not yet that it ended.
    void set_open(const std::string& group_key, bool open);

    /// A notification that a later one made needless; `merged` is the later one with all that both
    /// have to tell.
    struct Superseded {
        Notification older;
        Notification merged;
    };
    struct Pushed {
        std::optional<Superseded> superseded;
        /// It only amends, and there is nothing to amend.
        bool needless = false;
    };
    Pushed push(Item item);

    /// What to send now: the first that is due. It stays in flight until end(). Null while
    /// another is in flight, or nothing is due.
    [[nodiscard]] const Item* begin(SteadyTime now);
    /// When begin() will give something, as far as is known.
    [[nodiscard]] std::optional<SteadyTime> next_due() const;

    struct Ended {
        enum class Kind { delivered, retry, dead, superseded };
        Kind kind = Kind::delivered;
        /// The item that was in flight.
        Item item;
        /// Set for dead.
        Reason reason = Reason::expired;
        /// Set for superseded: it failed while a newer one of its group waited.
        std::optional<Superseded> superseded;
        /// Waiting ones that only amended what has now been told as it was.
        std::optional<Notification> needless;
    };
    Ended end(const Delivery& delivery, SteadyTime now);

    /// What the service wants at most; retries count as well.
    void set_pace(Pace pace) { pace_ = pace; }

    /// Another configuration may have mended what failed: everything is due at once, but for what
    /// the receiver asked by Retry-After.
    void retry_now();

    /// Waiting and in flight.
    [[nodiscard]] std::size_t size() const { return waiting_.size() + (in_flight_ ? 1 : 0); }

  private:
    using Position = std::uint64_t;

    [[nodiscard]] Item* find_waiting(const std::string& group_key);
    Item take_waiting(Position position);
    void put_back(Item item);
    Ended settle_failure(Item item, const Delivery& delivery, SteadyTime now);
    [[nodiscard]] SteadyTime held_until() const;

    BackoffOptions backoff_;
    std::map<Position, Item> waiting_;
    std::unordered_map<std::string, Position> by_group_;
    std::unordered_set<std::string> open_groups_;
    std::optional<Item> in_flight_;
    Position in_flight_position_ = 0;
    Position next_position_ = 1;
    /// Of the whole queue, in a row.
    int failures_ = 0;
    SteadyTime paused_until_{};
    SteadyTime asked_to_wait_until_{};
    Pace pace_;
    /// When everything sent so far would have been sent at an even pace.
    SteadyTime even_until_{};
};

/// `newer` with what only `older` tells: ends that were never told, and since when.
[[nodiscard]] Notification merge(const Notification& older, Notification newer);

}  // namespace pilotlight::alerting

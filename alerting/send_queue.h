#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "alerting/backoff.h"
#include "alerting/integration.h"
#include "alerting/notification.h"

namespace pilotlight::alerting {

/// What waits to be sent to one integration, one at a time: the most severe first (the label
/// `severity`: critical, then warning, then anything else), among equals the oldest. Of one group
/// at most one notification waits: a newer one takes up what the older still had to tell, so that
/// no end overtakes its own beginning.
///
/// After a failure the whole queue pauses, longer with each further one: a receiver that is down is
/// asked by one message at a time, and not by all that wait.
/// Pure: no clock, no I/O. Thread: its owner's.
class SendQueue {
  public:
    struct Item {
        Notification notification;
        int attempts = 0;
        SteadyTime not_before{};
        /// No attempt is made after one that failed at or after this.
        SteadyTime give_up_at{};
        /// Since when somebody waits for it.
        SteadyTime since{};
        /// Another receiver has been asked to tell it.
        bool handed_over = false;
    };

    explicit SendQueue(BackoffOptions backoff) : backoff_(std::move(backoff)) {}

    /// Whether the receiver has accepted that the group fires and not yet that it ended.
    void set_open(const std::string& group_key, bool open);
    [[nodiscard]] bool is_open(const std::string& group_key) const {
        return open_groups_.contains(group_key);
    }

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

    /// Failed attempts of the whole queue in a row, and since when.
    [[nodiscard]] int failures() const { return failures_; }
    [[nodiscard]] std::optional<SteadyTime> failing_since() const;
    /// Since when the one that waits longest waits, those that were handed over left out.
    [[nodiscard]] std::optional<SteadyTime> waiting_since() const;
    /// Whether some that wait have failed before.
    [[nodiscard]] bool has_retries() const { return retries_ > 0; }
    /// Calls `visit` for each that waits, in order.
    void visit_waiting(const std::function<void(Item&)>& visit);

    /// Waiting and in flight.
    [[nodiscard]] std::size_t size() const { return waiting_.size() + (in_flight_ ? 1 : 0); }

  private:
    /// How severe, 0 being the worst, then in the order of arrival.
    using Place = std::pair<int, std::uint64_t>;

    /// Where the one of the group waits.
    [[nodiscard]] std::optional<Place> place_of(const std::string& group_key) const;
    Item take_waiting(Place place);
    const Item& put(std::uint64_t arrival, Item item);
    void count(const Item& item);
    void discount(const Item& item);
    Ended settle_failure(Item item, const Delivery& delivery, SteadyTime now);
    [[nodiscard]] SteadyTime held_until() const;

    BackoffOptions backoff_;
    std::map<Place, Item> waiting_;
    std::unordered_map<std::string, Place> by_group_;
    /// Of all that wait, but for those handed over and those that only amend: since when.
    std::multiset<SteadyTime> since_;
    std::size_t retries_ = 0;
    std::unordered_set<std::string> open_groups_;
    std::optional<Item> in_flight_;
    std::uint64_t in_flight_arrival_ = 0;
    std::uint64_t next_arrival_ = 1;
    /// Of the whole queue, in a row.
    int failures_ = 0;
    SteadyTime failing_since_{};
    SteadyTime paused_until_{};
    SteadyTime asked_to_wait_until_{};
    Pace pace_;
    /// When everything sent so far would have been sent at an even pace.
    SteadyTime even_until_{};
};

/// 0 for critical, 1 for warning, 2 for anything else: the worst of the alerts that fire, of all
/// where none does.
[[nodiscard]] int severity_rank(const Notification& notification);

/// `newer` with what only `older` tells: ends that were never told, and since when.
[[nodiscard]] Notification merge(const Notification& older, Notification newer);

}  // namespace pilotlight::alerting

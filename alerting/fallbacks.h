#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alerting/notification.h"
#include "alerting/routing_config.h"
#include "alerting/send_queue.h"

namespace pilotlight::alerting {

/// What waits in the queue and is to be handed over to the fallback of `receiver` now: all of it
/// while the queue fails too often or for too long, else what itself does. It is marked as handed
/// over and goes on waiting.
[[nodiscard]] std::vector<Notification> take_due(SendQueue& queue, const ReceiverConfig& receiver,
                                                 SteadyTime now);
/// When time alone will make something due; nothing while none of it fails.
[[nodiscard]] std::optional<SteadyTime> due_at(const SendQueue& queue,
                                               const ReceiverConfig& receiver);

/// What fallback receivers were asked to tell in place of others: so that none is told the same
/// twice, and each is told of the end of what it was told of. The copies keep group and dedup key;
/// every description begins with for whom it is and why.
/// Pure: no clock, no I/O. Thread: its owner's. `sequence` of what it gives is the caller's to set.
class Fallbacks {
  public:
    /// What the notification log says was told to a fallback and has not ended.
    void restore(const Told& told);

    /// Copies of what `notification.to.receiver` does not take, one for each integration of
    /// `fallback`; none where the fallback has been asked already. `why`: "failed 3 times in a row:
    /// HTTP 503".
    [[nodiscard]] std::vector<Notification> hand_over(const Notification& notification,
                                                      const ReceiverConfig& fallback,
                                                      std::string_view why);
    /// `newer` has been decided for its receiver: the end for those who were told in its place, if
    /// it is one, and they want to hear of it.
    [[nodiscard]] std::vector<Notification> follow(const Notification& newer,
                                                   const RoutingConfig& routing);
    /// The fallback refused it for good.
    void refused(const Notification& copy);

  private:
    /// The receiver that should have been told, and the group.
    using Key = std::pair<std::string, std::string>;
    struct Entry {
        std::vector<Address> asked;
        /// What they were asked to tell last.
        std::vector<std::pair<Labels, Status>> content;
        /// That it ended was the last of it; kept so that it is not told twice.
        bool ended = false;
    };
    void make_room();

    std::map<Key, Entry> entries_;

    static constexpr std::size_t kEntriesMax = 10'000;
};

}  // namespace pilotlight::alerting

#pragma once

#include <map>
#include <optional>
#include <string>

#include "alerting/notification.h"
#include "core/time.h"

namespace pilotlight::alerting {

/// What one integration wants to hear again and again: a receiver that forgets by itself what is
/// not repeated, as an Alertmanager does. What fires is repeated as long as it fires, what ended
/// for 15 minutes more, as Prometheus does. In memory only: after a restart what fires comes from
/// the notification log. Pure: no clock, no I/O. Thread: its owner's.
class Resends {
  public:
    /// Nothing for an integration that remembers by itself: then this does nothing.
    void set_interval(std::optional<Duration> every);
    /// The receiver has accepted it.
    void told(const Notification& notification, SteadyTime now);
    void forget(const std::string& group_key) { groups_.erase(group_key); }

    /// What to send now, if anything is due; the next turn of its group is an interval later.
    [[nodiscard]] std::optional<Notification> take_due(SteadyTime now);
    [[nodiscard]] std::optional<SteadyTime> next_due() const;

  private:
    struct Group {
        Notification last;
        SteadyTime next{};
        /// Of what ended.
        SteadyTime until{};
    };
    std::optional<Duration> every_;
    std::map<std::string, Group> groups_;
};

}  // namespace pilotlight::alerting

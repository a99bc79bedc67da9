#pragma once

#include <string>
#include <vector>

#include "alerting/journal.h"
#include "alerting/routing_config.h"

/// Receivers that are called otherwise since the last run. What they were told is kept under their
/// names, but an incident is where its integration sends: the journal knows each integration's
/// destination by a digest, and what was told there goes on under the new name.
namespace pilotlight::alerting {

/// What a start makes of names that the configuration no longer has.
struct FollowedRenames {
    /// Entries of the notification log and rows of the outbox, as they are to be called now.
    std::vector<Readdressed> told;
    std::vector<Readdressed> outbox;
    /// Incidents that stay open where nobody sends any more.
    std::vector<Told> stranded;
};

/// What the journal knows of destinations. Thread: its owner's.
class Destinations {
  public:
    /// `kept` is what RecordTable::destinations has. The digests' own key is made where it is
    /// missing.
    explicit Destinations(std::vector<Record> kept);

    /// Moves what `contents` has for a name that is gone to the integration that now sends to the
    /// same destination, dedup keys and all; what has none stays as it is, and is stranded if it is
    /// open.
    [[nodiscard]] FollowedRenames follow(JournalContents& contents,
                                         const RoutingConfig& routing) const;

    /// Writes down where `routing` sends. The first time what was kept besides is forgotten;
    /// later it stays: after a restart something may still have to be told there.
    void note(const RoutingConfig& routing, Journal& journal);

  private:
    std::string key_;
    std::vector<Record> kept_;
};

}  // namespace pilotlight::alerting

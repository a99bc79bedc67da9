#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alerting/journal.h"
#include "app/heartbeat_doors.h"
#include "app/heartbeat_record.h"
#include "app/record_writer.h"
#include "core/time.h"
#include "probes/heartbeat_state.h"
#include "probes/runner.h"
#include "probes/target.h"
#include "probes/target_series.h"

namespace pilotlight::app {

/// The targets that speak by themselves: takes their pings, judges each when it speaks, at the
/// moment at which its time is up, and once per interval, and keeps what is known of them in the
/// journal. What a runner would tell of a target that it asks is taken from here after each call.
/// Thread: the engine's but doors(). Time: never reads a clock.
class Heartbeats {
  public:
    using Done = alerting::Journal::Done;

    /// `journal` outlives this.
    explicit Heartbeats(alerting::Journal& journal);

    /// What the journal had; before the first replace(). Names that no target has any more are
    /// forgotten after kKeptFor.
    void restore(const std::vector<alerting::Record>& records);
    /// Makes those of `targets` that are heartbeats the whole list, by name. What is known of a
    /// name stays, however its target changes; one that was not listened to until now may be late
    /// by another grace.
    void replace(const std::vector<probes::SharedTarget>& targets, WallTime now);

    /// Takes up a ping; false where no heartbeat has that name. `done` is called once it is on
    /// disk, or has failed to get there.
    bool ping(const std::string& name, const probes::HeartbeatPing& ping, WallTime now, Done done);
    /// Judges those whose time has come.
    void tick(WallTime now);
    [[nodiscard]] std::optional<WallTime> next_wakeup() const;
    /// Nothing could be heard until now.
    void was_blind(WallTime now);

    /// What was found since the last call, in order.
    [[nodiscard]] std::vector<probes::ProbeRun> take_runs();
    /// Targets that are gone since, with a stale marker for each series.
    [[nodiscard]] std::vector<std::pair<probes::SharedTarget, SharedBatch>> take_ends();

    /// Thread: any.
    [[nodiscard]] HeartbeatDoors& doors() { return doors_; }

    static constexpr Duration kKeptFor = std::chrono::days(7);
    /// Those that are only due for another sample wait for each other so long.
    static constexpr Duration kTogether{250};

  private:
    struct Entry {
        HeartbeatRecord record;
        /// Null where no target has its name.
        probes::SharedTarget target;
        std::unique_ptr<probes::TargetSeries> series;
        WallTime told_at{};
        std::optional<WallTime> changes_at;
        WallTime due{};
    };
    using Times = std::set<std::pair<WallTime, std::string>>;

    /// Whether its record has changed.
    bool listen(const std::string& name, Entry& entry, const probes::SharedTarget& target,
                WallTime now);
    void stop_listening(const std::string& name, Entry& entry, WallTime now);
    void tell(const std::string& name, Entry& entry, WallTime now);
    void set_change(const std::string& name, Entry& entry, std::optional<WallTime> at);
    void set_due(const std::string& name, Entry& entry, WallTime at);
    void plan_anew(WallTime now);
    void forget_old(WallTime now);
    void keep(const std::string& name, const Entry& entry, Done done);

    RecordWriter writer_;
    HeartbeatDoors doors_;
    std::map<std::string, Entry, std::less<>> entries_;
    /// When a judgement changes by itself, and when the next samples are due.
    Times changes_;
    Times dues_;
    WallTime turned_at_{};
    WallTime next_look_{};
    std::vector<probes::ProbeRun> runs_;
    std::vector<std::pair<probes::SharedTarget, SharedBatch>> ends_;
};

}  // namespace pilotlight::app

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/time.h"
#include "probes/skips.h"

namespace pilotlight::probes {

/// The same moment on both clocks, read once when the process starts.
struct ClockAnchor {
    WallTime wall;
    SteadyTime steady;
};

/// What is to be run at a fixed rate. `key` is unique and stable (a target's name).
struct Job {
    std::string key;
    Duration interval{};
    /// A hash of all that the job does: another one makes the job run early, as a new one does.
    std::uint64_t fingerprint = 0;
};

/// A job that is to start now.
struct DueJob {
    std::string key;
    /// The tick that it serves: the oldest one not served yet. Lateness counts from here.
    SteadyTime scheduled;
};

/// Says when each job is due. A job ticks at hash(key) mod interval, counted from the Unix epoch:
/// the wall clock is mapped to the steady clock once, by the anchor, and from then on only the
/// steady clock counts. So the phase is the same after a reload and after a restart, jobs are
/// spread evenly, no tick drifts, and setting the wall clock moves nothing.
///
/// A new or changed job runs once within `first_within` (spread by its hash too) instead of
/// waiting for its tick, which may be an hour away.
///
/// Thread: one owner. Time: never reads a clock.
class Schedule {
  public:
    explicit Schedule(ClockAnchor anchor, Duration first_within = std::chrono::seconds(5));

    /// Makes `jobs` the whole schedule. Unchanged ones keep their next tick and whether they are in
    /// flight; removed ones are dropped. What is in flight stays so until finished(), also when it
    /// is changed, or removed and added again, so that no key ever runs twice at a time.
    /// Keys are unique, intervals at least 1 ms.
    void replace(std::span<const Job> jobs, SteadyTime now);

    /// Takes out what is due at `now`, or within kTogether after it, oldest tick first, at most
    /// `limit`; what is over the limit stays due. Each is in flight until finished().
    [[nodiscard]] std::vector<DueJob> pop_due(SteadyTime now, std::size_t limit = SIZE_MAX);

    /// Why ticks of a job in flight are skipped from now on: overrun, or the limit that it waits
    /// for before it really starts. An unknown key is no mistake.
    void held_up_by(const std::string& key, SkipCause cause);

    /// The run that pop_due() ordered has ended. An unknown key is no mistake.
    void finished(const std::string& key);

    /// When pop_due() has something to do next; nothing when there is no job.
    [[nodiscard]] std::optional<SteadyTime> next_wakeup();

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t in_flight() const { return in_flight_; }
    [[nodiscard]] const SkipCounts& skipped() const { return skipped_; }

    /// Waking up once for all that is due in so short a time costs less than being exact.
    static constexpr Duration kTogether{2};

  private:
    struct Entry {
        Duration interval{};
        std::uint64_t fingerprint = 0;
        SteadyTime due;
        bool in_flight = false;
        SkipCause held_up_by = SkipCause::overrun;
        /// Removed while in flight: only remembered until it has ended.
        bool removed = false;
        /// Only within replace(): seen among the new jobs.
        bool listed = false;
    };
    struct Tick {
        SteadyTime due;
        std::string key;
        /// Later first, as the standard heaps want it.
        bool operator<(const Tick& other) const { return due > other.due; }
    };
    using Entries = std::unordered_map<std::string, Entry>;

    [[nodiscard]] SteadyTime tick_after(const std::string& key, Duration interval,
                                        SteadyTime now) const;
    [[nodiscard]] SteadyTime first_tick(const std::string& key, Duration interval,
                                        SteadyTime now) const;
    void add_or_keep(const Job& job, SteadyTime now);
    void push(const std::string& key, SteadyTime due);
    [[nodiscard]] bool is_outdated(const Tick& tick) const;
    void drop_outdated_ticks();

    ClockAnchor anchor_;
    Duration first_within_;
    Entries entries_;
    /// A heap; ticks whose entry is gone or has moved on are dropped when they come up.
    std::vector<Tick> ticks_;
    std::size_t size_ = 0;
    std::size_t in_flight_ = 0;
    SkipCounts skipped_;
};

}  // namespace pilotlight::probes

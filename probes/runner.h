#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/sample.h"
#include "core/time.h"
#include "probes/admission.h"
#include "probes/probe.h"
#include "probes/schedule.h"
#include "probes/skips.h"
#include "probes/target.h"
#include "runtime/blocking.h"
#include "runtime/services.h"

namespace pilotlight::probes {

/// A failure that was not confirmed.
struct Blip {
    Outcome outcome;
    SharedEvidence evidence;
    WallTime at{};
};

/// One probe that has ended.
struct ProbeRun {
    SharedTarget target;
    Outcome outcome;
    /// What was seen, of a probe that is not ok or that was asked to tell; may be null.
    SharedEvidence evidence;
    WallTime started_at{};
    /// From the tick of the schedule to the start; 0 for a probe that nobody scheduled.
    std::chrono::nanoseconds lateness{};
    std::chrono::nanoseconds duration{};
    /// When the first failure began that this one confirms; nothing where there is none.
    std::optional<WallTime> failing_since = {};
    /// The failure before it that this probe did not confirm; nothing where there was none.
    std::optional<Blip> blip = {};
    /// Everything at `started_at`, whole label sets, stale markers among them. Never null.
    SharedBatch batch;
    /// Samples that brought their own time along, one batch per time; mostly none.
    std::vector<SharedBatch> timed;
};

/// Where a runner's news goes. Called on probe loops, one at a time each: it must not block, and
/// posts to whoever owns the series.
struct ProbeSink {
    std::function<void(ProbeRun)> ran;
    /// The target, or the labels it had, is gone by a reload; `ends` has a stale marker for each of
    /// its series. Never null.
    std::function<void(SharedTarget, SharedBatch ends)> gone;
};

struct RunnerCounters {
    /// Turns that were left out.
    SkipCounts skipped;
    /// Turns that have come and are not over: probing, waiting for a limit, being confirmed.
    std::uint64_t in_flight = 0;
    std::uint64_t targets = 0;
};

/// Runs every target's probe on its schedule, each on one of N probe loops (by the hash of its
/// name), under a deadline of its timeout. A failure that is to be confirmed, and a success after
/// which others are to follow, take further probes within the same turn; what they come to is one
/// ProbeRun. Owns the loops and their threads.
/// Thread: one owner, except counters() and probe_now().
class Runner {
  public:
    struct Options {
        int threads = 1;
        /// Probes that run at once; what is due beyond them waits, and is late.
        Admission::Limits limits = {};
        /// A new target's first probe comes within this time.
        Duration first_within = std::chrono::seconds(5);
        runtime::Services::Options services = {};
    };

    /// `blocking` outlives this.
    Runner(Options options, runtime::BlockingPool& blocking, ProbeSink sink);
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;
    /// Stops.
    ~Runner();

    /// Makes `targets` the whole list, by name; heartbeats are left out. Those whose fingerprint is
    /// unchanged keep their prober, phase, series and the probe in flight (the given prober is
    /// dropped); a probe in flight of a changed or removed target ends unheard, and so does what
    /// was to confirm it. Waits until every loop has taken it.
    void replace(std::vector<PreparedTarget> targets);

    /// One probe outside the schedule and its limits, its samples not part of the target's, nothing
    /// confirmed: for /probe. Invalid
    /// (broken promise) when stop() comes first. Thread: any.
    [[nodiscard]] std::future<ProbeRun> probe_now(PreparedTarget target);

    /// Cancels what is in flight and joins; the sink is not called any more. Safe to call twice.
    void stop();

    /// Sums over the loops. Thread: any.
    [[nodiscard]] RunnerCounters counters() const;

  private:
    class Shard;
    std::unique_ptr<const ProbeSink> sink_;
    std::unique_ptr<Admission> admission_;
    std::vector<std::unique_ptr<Shard>> shards_;
};

/// One probe now, on a loop of its own: for the command line. Blocks until the target's timeout.
[[nodiscard]] ProbeRun run_once(PreparedTarget target, runtime::BlockingPool& blocking);

}  // namespace pilotlight::probes

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "probes/heartbeat.h"
#include "probes/probe.h"

/// What is known of a heartbeat, and what follows from it. Pure: `now` is an argument.
namespace pilotlight::probes {

/// What a job tells.
struct HeartbeatPing {
    enum class Kind { start, success, fail, exit_code };
    Kind kind = Kind::success;
    /// Of Kind::exit_code; never 0, which is a success.
    int exit_code = 0;
    /// Tells runs apart that overlap; "" for a job that does not.
    std::string run;
    /// What the job printed.
    std::string body;

    bool operator==(const HeartbeatPing&) const = default;
};

/// A run that has told its start and not yet its end.
struct HeartbeatRun {
    std::string id;
    WallTime began{};

    bool operator==(const HeartbeatRun&) const = default;
};

/// How the last run that ended went wrong.
struct HeartbeatTrouble {
    /// "failed", "exit_code", "too_short", "too_long".
    std::string reason;
    std::string detail;
    WallTime at{};
    /// The run's id.
    std::string run;

    bool operator==(const HeartbeatTrouble&) const = default;
};

/// Times that passed while nobody could listen: a ping may have come to nothing.
struct HeartbeatExcuse {
    /// What was expected by then.
    WallTime expected{};
    WallTime until{};

    bool operator==(const HeartbeatExcuse&) const = default;
};

/// All that is to be known of it after a restart.
struct HeartbeatState {
    /// When Pilotlight first knew of it.
    WallTime first_seen{};
    std::optional<WallTime> last_ping;
    /// The end of a run, however it went.
    std::optional<WallTime> last_end;
    std::optional<WallTime> last_success;
    /// Of the last run that had told its start.
    std::optional<Duration> last_duration;
    std::optional<int> last_exit_code;
    /// Those under way, oldest first; at most kRunsMax.
    std::vector<HeartbeatRun> runs;
    std::optional<HeartbeatTrouble> trouble;
    /// Since when it is known that nothing came in time; nothing again with the next end.
    std::optional<WallTime> late_since;
    std::optional<HeartbeatExcuse> excuse;
    /// What the last run that ended had printed.
    std::string body;

    static constexpr std::size_t kRunsMax = 100;

    bool operator==(const HeartbeatState&) const = default;
};

/// The last `limit` bytes (4 or more), from the beginning of a character on: where errors stand.
[[nodiscard]] std::string_view end_of(std::string_view text, std::size_t limit);

/// Takes up a ping. A start of a run that has begun already begins it anew. A successful end
/// forgets runs that are under way for too long: whatever became of them, the job works again.
void take(HeartbeatState& state, const HeartbeatPing& ping, const HeartbeatOptions& options,
          WallTime now);

struct HeartbeatJudgement {
    /// No run has ended so far, and none had to: nothing can be said.
    bool is_awaited = false;
    /// Of phase "heartbeat": "failed", "exit_code", "too_short", "too_long", "late", "never". Of
    /// several what came last.
    Outcome outcome;
    /// Whether nothing came in time, be it an end or the first ping: late, never, or a run that is
    /// under way for too long.
    bool is_late = false;
    /// When the next end is expected, without grace.
    WallTime next_expected{};
    /// When the judgement changes unless a ping comes; nothing where it does not.
    std::optional<WallTime> changes_at;
};

/// It is down from the moment at which its grace is over, not only behind it. What has never come
/// is expected as if it had come when it was first seen.
[[nodiscard]] HeartbeatJudgement judge(const HeartbeatState& state, const HeartbeatOptions& options,
                                       WallTime now);

/// Keeps what must outlive a restart of a judgement made at `now`; whether that changed anything.
bool note(HeartbeatState& state, const HeartbeatJudgement& judgement, WallTime now);

/// Until `now` nobody could listen (Pilotlight was not running, or frozen). A heartbeat whose time
/// came meanwhile, and that was not late before, gets one grace more, counted from `now`, once for
/// the same time. Whether it did.
bool excuse(HeartbeatState& state, const HeartbeatOptions& options, WallTime now);

/// The clock was set back to `now`: what came later came now, or its next time would be as far
/// ahead. Whether that changed anything.
bool bring_back(HeartbeatState& state, WallTime now);

/// What is told of it: the outcome, heartbeat_... , and what a run printed that went wrong. Not of
/// one that is awaited.
[[nodiscard]] Report report_of(const HeartbeatState& state, const HeartbeatJudgement& judgement);

}  // namespace pilotlight::probes

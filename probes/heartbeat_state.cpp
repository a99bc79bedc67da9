#include "probes/heartbeat_state.h"

#include <fmt/format.h>

#include <algorithm>

namespace pilotlight::probes {
namespace {

using Kind = HeartbeatPing::Kind;

constexpr const char* kPhase = "heartbeat";
/// So long an end that is told again may be the one before: its sender heard no answer.
constexpr Duration kRepeatedWithin = std::chrono::minutes(1);

std::string in_words(Duration duration) {
    const Duration whole = std::chrono::floor<std::chrono::seconds>(duration);
    return format_duration(duration < std::chrono::seconds(10) ? duration : whole);
}

/// `2026-01-02T03:04:05Z`
std::string in_words(WallTime time) {
    return format_time(time).substr(0, 19) + "Z";
}

std::string name_of(const std::string& run) {
    return run.empty() ? "the run" : fmt::format("the run \"{}\"", run);
}

/// Takes the run out of those under way; how long it took, where it was one.
std::optional<Duration> end_run(HeartbeatState& state, const std::string& id, WallTime now) {
    const auto found = std::ranges::find(state.runs, id, &HeartbeatRun::id);
    if (found == state.runs.end()) return std::nullopt;
    const Duration took = std::max(now - found->began, Duration{0});
    state.runs.erase(found);
    return took;
}

void begin_run(HeartbeatState& state, const std::string& id, WallTime now) {
    (void)end_run(state, id, now);
    if (state.runs.size() == HeartbeatState::kRunsMax) state.runs.erase(state.runs.begin());
    state.runs.push_back({id, now});
}

/// How the run that ends so went wrong; nothing where it did not.
std::optional<HeartbeatTrouble> trouble_of(const HeartbeatPing& ping, std::optional<Duration> took,
                                           const HeartbeatOptions& options, WallTime now) {
    const auto trouble = [&](std::string reason, std::string detail) {
        return HeartbeatTrouble{std::move(reason), std::move(detail), now, ping.run};
    };
    if (ping.kind == Kind::fail) {
        return trouble("failed", fmt::format("{} reported at {} that it failed", name_of(ping.run),
                                             in_words(now)));
    }
    if (ping.kind == Kind::exit_code) {
        return trouble("exit_code", fmt::format("{} ended at {} with exit code {}, expected 0",
                                                name_of(ping.run), in_words(now), ping.exit_code));
    }
    if (took && options.max_duration && *took > *options.max_duration) {
        return trouble("too_long", fmt::format("{} that ended at {} took {}, expected at most {}",
                                               name_of(ping.run), in_words(now), in_words(*took),
                                               format_duration(*options.max_duration)));
    }
    if (took && options.min_duration && *took < *options.min_duration) {
        return trouble("too_short", fmt::format("{} that ended at {} took {}, expected at least {}",
                                                name_of(ping.run), in_words(now), in_words(*took),
                                                format_duration(*options.min_duration)));
    }
    return std::nullopt;
}

/// A success that says again what was found too short or too long a moment ago.
bool is_repeated(const HeartbeatState& state, const HeartbeatPing& ping,
                 std::optional<Duration> took, WallTime now) {
    return ping.kind == Kind::success && !took && state.trouble && state.trouble->run == ping.run &&
           state.trouble->reason.starts_with("too_") && now - state.trouble->at < kRepeatedWithin;
}

void end(HeartbeatState& state, const HeartbeatPing& ping, const HeartbeatOptions& options,
         WallTime now) {
    const std::optional<Duration> took = end_run(state, ping.run, now);
    const bool repeated = is_repeated(state, ping, took, now);
    if (!repeated) state.trouble = trouble_of(ping, took, options, now);
    state.last_end = now;
    if (took) state.last_duration = took;
    state.last_exit_code = ping.kind == Kind::fail ? 1 : ping.exit_code;
    state.body = ping.body;
    state.late_since.reset();
    state.excuse.reset();
    if (state.trouble) return;
    state.last_success = now;
    if (!options.max_duration) return;
    std::erase_if(state.runs, [&](const HeartbeatRun& run) {
        return now - run.began >= *options.max_duration;
    });
}

/// Something that is wrong from `at` on.
struct Wrong {
    WallTime at{};
    std::string reason;
    std::string detail;
    bool is_late = false;
};

/// The run under way whose time is up first, and when.
std::optional<Wrong> too_long(const HeartbeatState& state, const HeartbeatOptions& options) {
    if (!options.max_duration || state.runs.empty()) return std::nullopt;
    const HeartbeatRun& run = *std::ranges::min_element(state.runs, {}, &HeartbeatRun::began);
    WallTime at = run.began + *options.max_duration;
    const bool began_before = state.excuse && run.began < state.excuse->until - options.grace;
    if (began_before) at = std::max(at, state.excuse->until);
    return Wrong{
        at, "too_long",
        fmt::format("{} that began at {} has not ended, expected at most {}", name_of(run.id),
                    in_words(run.began), format_duration(*options.max_duration)),
        true};
}

Wrong late(const HeartbeatState& state, const HeartbeatOptions& options, WallTime expected) {
    Wrong wrong{expected + options.grace, state.last_ping ? "late" : "never", "", true};
    if (state.excuse && state.excuse->expected == expected) {
        wrong.at = std::max(wrong.at, state.excuse->until);
    }
    // A run that began in time may end later; one that began when it was too late changes nothing.
    const WallTime due = wrong.at;
    for (const HeartbeatRun& run : state.runs) {
        const WallTime by = run.began + options.max_duration.value_or(options.grace);
        if (run.began > due || by <= wrong.at) continue;
        wrong.at = by;
        wrong.detail = fmt::format("{} that began at {} has not ended, expected by {}",
                                   name_of(run.id), in_words(run.began), in_words(by));
    }
    if (!wrong.detail.empty()) return wrong;
    const std::string rest = fmt::format("expected by {} and {} of grace", in_words(expected),
                                         format_duration(options.grace));
    if (state.last_end) {
        wrong.detail =
            fmt::format("the last came at {}, the next was {}", in_words(*state.last_end), rest);
    } else {
        wrong.detail = fmt::format("none has come since {}, the first was {}",
                                   in_words(state.first_seen), rest);
    }
    return wrong;
}

/// The end of what the run printed that went wrong, for people.
std::shared_ptr<Evidence> evidence_of(const HeartbeatState& state) {
    constexpr EvidenceLimits kLimits;
    if (!state.trouble || state.body.empty()) return nullptr;
    auto evidence = std::make_shared<Evidence>();
    evidence->at = state.trouble->at;
    // What cannot be shown becomes longer.
    const std::string shown = showable(end_of(state.body, kLimits.body), 4 * kLimits.body);
    evidence->body = end_of(shown, kLimits.body);
    evidence->body_bytes = state.body.size();
    fit(*evidence);
    return evidence;
}

WallTime expected_next(const HeartbeatState& state, const HeartbeatOptions& options) {
    return options.next_after(state.last_end.value_or(state.first_seen));
}

}  // namespace

std::string_view end_of(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) return text;
    text.remove_prefix(text.size() - limit);
    // No character has more than four bytes.
    const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; };
    for (int i = 0; i < 3 && continues(text.front()); ++i)
        text.remove_prefix(1);
    return text;
}

void take(HeartbeatState& state, const HeartbeatPing& ping, const HeartbeatOptions& options,
          WallTime now) {
    if (ping.kind == Kind::start) {
        begin_run(state, ping.run, now);
    } else {
        end(state, ping, options, now);
    }
    state.last_ping = now;
}

HeartbeatJudgement judge(const HeartbeatState& state, const HeartbeatOptions& options,
                         WallTime now) {
    HeartbeatJudgement judgement;
    judgement.next_expected = expected_next(state, options);
    std::vector<Wrong> all{late(state, options, judgement.next_expected)};
    if (auto wrong = too_long(state, options)) all.push_back(std::move(*wrong));
    if (state.trouble) {
        all.push_back({state.trouble->at, state.trouble->reason, state.trouble->detail, false});
    }
    const Wrong* newest = nullptr;
    for (const Wrong& wrong : all) {
        // What was heard holds, whatever the clock says since.
        if (wrong.at > now && wrong.is_late) {
            judgement.changes_at = std::min(judgement.changes_at.value_or(wrong.at), wrong.at);
        } else {
            judgement.is_late = judgement.is_late || wrong.is_late;
            if (newest == nullptr || wrong.at >= newest->at) newest = &wrong;
        }
    }
    if (newest != nullptr) {
        judgement.outcome = Outcome::failed(kPhase, newest->reason, newest->detail);
    } else {
        judgement.is_awaited = !state.last_end;
    }
    return judgement;
}

bool note(HeartbeatState& state, const HeartbeatJudgement& judgement, WallTime now) {
    if (judgement.is_late == state.late_since.has_value()) return false;
    state.late_since = judgement.is_late ? std::optional(now) : std::nullopt;
    return true;
}

bool excuse(HeartbeatState& state, const HeartbeatOptions& options, WallTime now) {
    if (state.late_since) return false;
    const WallTime expected = expected_next(state, options);
    if (state.excuse && state.excuse->expected == expected) return false;
    const bool run_is_up =
        options.max_duration && std::ranges::any_of(state.runs, [&](const HeartbeatRun& run) {
            return run.began + *options.max_duration <= now;
        });
    if (expected > now && !run_is_up) return false;
    state.excuse = HeartbeatExcuse{expected, now + options.grace};
    return true;
}

bool bring_back(HeartbeatState& state, WallTime now) {
    bool has_changed = false;
    const auto bring = [&](WallTime& time) {
        has_changed = has_changed || time > now;
        time = std::min(time, now);
    };
    bring(state.first_seen);
    if (state.last_end) bring(*state.last_end);
    for (HeartbeatRun& run : state.runs)
        bring(run.began);
    return has_changed;
}

Report report_of(const HeartbeatState& state, const HeartbeatJudgement& judgement) {
    Report report;
    report.outcome = judgement.outcome;
    if (judgement.outcome.verdict != Verdict::ok) report.evidence = evidence_of(state);
    const auto add = [&](const char* name, double value) {
        report.measurements.push_back({name, value});
    };
    add("heartbeat_up", judgement.outcome.verdict == Verdict::ok ? 1 : 0);
    // 0 is long ago: whatever compares ages sees that there never was one.
    add("heartbeat_last_timestamp_seconds",
        state.last_success ? to_unix_seconds(*state.last_success) : 0);
    add("heartbeat_next_expected_timestamp_seconds", to_unix_seconds(judgement.next_expected));
    add("heartbeat_runs_in_progress", static_cast<double>(state.runs.size()));
    if (state.last_duration) add("heartbeat_duration_seconds", to_seconds(*state.last_duration));
    if (state.last_exit_code) add("heartbeat_last_exit_code", *state.last_exit_code);
    return report;
}

}  // namespace pilotlight::probes

#include "probes/heartbeat_state.h"

#include <boost/test/unit_test.hpp>

using namespace pilotlight;
using namespace pilotlight::probes;
using namespace std::chrono_literals;

namespace {

using Kind = HeartbeatPing::Kind;

const WallTime kStart = parse_time("2026-03-10T12:00:00Z").value();

HeartbeatOptions hourly() {
    HeartbeatOptions options;
    options.every = 1h;
    options.grace = 5min;
    return options;
}

HeartbeatOptions nightly() {
    HeartbeatOptions options;
    options.cron = CronSchedule::parse("0 3 * * *").value();
    options.grace = 30min;
    return options;
}

HeartbeatState seen_at(WallTime time) {
    HeartbeatState state;
    state.first_seen = time;
    return state;
}

/// One heartbeat in virtual time, first seen at noon.
struct World {
    HeartbeatOptions options = hourly();
    HeartbeatState state = seen_at(kStart);

    void ping(Duration at, Kind kind, int exit_code = 0, const std::string& run = "") {
        take(state, {.kind = kind, .exit_code = exit_code, .run = run, .body = ""}, options,
             kStart + at);
    }
    void start(Duration at, const std::string& run = "") { ping(at, Kind::start, 0, run); }
    void success(Duration at, const std::string& run = "") { ping(at, Kind::success, 0, run); }

    /// "awaited", "ok" or the reason, as it is `at`; keeps what must be kept.
    std::string at(Duration at) {
        const HeartbeatJudgement judgement = judge(state, options, kStart + at);
        note(state, judgement, kStart + at);
        if (judgement.is_awaited) return "awaited";
        if (judgement.outcome.verdict == Verdict::ok) return "ok";
        BOOST_TEST(judgement.outcome.phase == "heartbeat");
        BOOST_TEST(!judgement.outcome.detail.empty());
        return judgement.outcome.reason;
    }
    std::string detail(Duration at) const {
        return judge(state, options, kStart + at).outcome.detail;
    }
    /// When it changes by itself, in minutes from noon.
    std::optional<double> changes(Duration at) const {
        const auto changes = judge(state, options, kStart + at).changes_at;
        if (!changes) return std::nullopt;
        return to_seconds(*changes - kStart) / 60;
    }
};

double value_of(const Report& report, std::string_view name) {
    for (const Measurement& each : report.measurements) {
        if (each.name == name) return each.value;
    }
    return -1;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(heartbeat_state)

BOOST_AUTO_TEST_CASE(what_has_never_come_is_awaited_and_then_down) {
    World world;
    BOOST_TEST(world.at(0min) == "awaited");
    BOOST_TEST(world.at(65min - 1ms) == "awaited");
    BOOST_TEST(world.changes(0min).value() == 65);
    BOOST_TEST(world.at(65min) == "never");
    BOOST_TEST(world.detail(65min) ==
               "none has come since 2026-03-10T12:00:00Z, the first was expected by "
               "2026-03-10T13:00:00Z and 5m of grace");
    world.success(70min);
    BOOST_TEST(world.at(70min) == "ok");
}

BOOST_AUTO_TEST_CASE(it_is_late_at_the_moment_its_grace_is_over) {
    World world;
    world.success(10min);
    BOOST_TEST(world.at(10min) == "ok");
    BOOST_TEST(world.changes(10min).value() == 75);
    BOOST_TEST(world.at(75min - 1ms) == "ok");
    BOOST_TEST(world.at(75min) == "late");
    BOOST_TEST(!world.changes(75min).has_value());
    BOOST_TEST(world.detail(80min) ==
               "the last came at 2026-03-10T12:10:00Z, the next was expected by "
               "2026-03-10T13:10:00Z and 5m of grace");
    BOOST_TEST(world.at(100h) == "late");
    world.success(101h);
    BOOST_TEST(world.at(101h) == "ok");
}

BOOST_AUTO_TEST_CASE(failures_are_told_at_once_until_a_success) {
    World world;
    world.success(0min);
    world.ping(10min, Kind::exit_code, 3);
    BOOST_TEST(world.at(10min) == "exit_code");
    BOOST_TEST(world.detail(10min) ==
               "the run ended at 2026-03-10T12:10:00Z with exit code 3, expected 0");
    world.ping(20min, Kind::fail, 0, "r1");
    BOOST_TEST(world.at(20min) == "failed");
    BOOST_TEST(world.detail(20min) ==
               "the run \"r1\" reported at 2026-03-10T12:20:00Z that it failed");
    BOOST_TEST((world.state.last_success == kStart));
    world.success(30min);
    BOOST_TEST(world.at(30min) == "ok");
}

BOOST_AUTO_TEST_CASE(a_failure_that_grows_old_is_late) {
    World world;
    world.success(0min);
    world.ping(30min, Kind::fail);
    // It said so in time: what fails each hour is not missing.
    BOOST_TEST(world.at(66min) == "failed");
    BOOST_TEST(world.changes(66min).value() == 95);
    BOOST_TEST(world.at(95min) == "late");
}

BOOST_AUTO_TEST_CASE(runs_are_bounded_below_and_above) {
    World world;
    world.options.min_duration = 1min;
    world.options.max_duration = 10min;
    world.start(0min);
    world.success(1min - 1ms);
    BOOST_TEST(world.at(1min) == "too_short");
    world.start(10min);
    BOOST_TEST(world.at(10min) == "too_short");
    world.success(11min);
    BOOST_TEST(world.at(11min) == "ok");
    world.start(20min);
    world.success(30min);
    BOOST_TEST(world.at(30min) == "ok");
    world.start(40min);
    BOOST_TEST(world.changes(40min).value() == 50);
    BOOST_TEST(world.at(50min - 1ms) == "ok");
    BOOST_TEST(world.at(50min) == "too_long");
    BOOST_TEST(world.detail(50min) ==
               "the run that began at 2026-03-10T12:40:00Z has not ended, expected at most 10m");
    world.success(51min);
    BOOST_TEST(world.at(51min) == "too_long");
    BOOST_TEST(world.detail(51min) ==
               "the run that ended at 2026-03-10T12:51:00Z took 11m, expected at most 10m");
    BOOST_TEST((world.state.last_duration == 11min));
    // One that did not tell its start has no duration to be judged by.
    world.success(52min);
    BOOST_TEST(world.at(52min) == "ok");
}

BOOST_AUTO_TEST_CASE(a_run_that_began_in_time_may_end_after_the_grace) {
    World world;
    world.success(0min);
    world.start(62min);
    BOOST_TEST(world.at(66min) == "ok");
    BOOST_TEST(world.changes(66min).value() == 67);
    BOOST_TEST(world.at(67min) == "late");
    BOOST_TEST(world.detail(67min).find("that began at 2026-03-10T13:02:00Z has not ended") !=
               std::string::npos);
    World patient;
    patient.options.max_duration = 2h;
    patient.success(0min);
    patient.start(62min);
    BOOST_TEST(patient.at(181min) == "ok");
    BOOST_TEST(patient.at(182min) == "too_long");
}

BOOST_AUTO_TEST_CASE(runs_that_never_end_do_not_excuse_each_other) {
    World world;
    world.success(0min);
    world.start(62min, "a");
    world.start(66min, "b");
    world.start(70min, "c");
    BOOST_TEST(world.at(67min - 1ms) == "ok");
    BOOST_TEST(world.at(67min) == "late");
}

BOOST_AUTO_TEST_CASE(a_run_that_begins_too_late_lifts_nothing) {
    World world;
    world.success(0min);
    BOOST_TEST(world.at(65min) == "late");
    world.start(66min);
    BOOST_TEST(world.at(66min) == "late");
    world.success(67min);
    BOOST_TEST(world.at(67min) == "ok");
    World unknown;
    unknown.start(70min);
    BOOST_TEST(unknown.at(70min) == "late");
}

BOOST_AUTO_TEST_CASE(overlapping_runs_are_told_apart_by_their_ids) {
    World world;
    world.options.min_duration = 5min;
    world.options.max_duration = 20min;
    world.start(0min, "a");
    world.start(10min, "b");
    world.success(12min, "a");
    BOOST_TEST(world.at(12min) == "ok");
    BOOST_TEST((world.state.last_duration == 12min));
    BOOST_REQUIRE(world.state.runs.size() == 1U);
    world.success(13min, "b");
    BOOST_TEST(world.at(13min) == "too_short");
    BOOST_TEST(world.state.runs.empty());
}

BOOST_AUTO_TEST_CASE(a_run_that_begins_again_counts_from_there) {
    World world;
    world.options.max_duration = 10min;
    world.start(0min, "a");
    world.start(8min, "a");
    world.success(15min, "a");
    BOOST_TEST(world.at(15min) == "ok");
    BOOST_TEST((world.state.last_duration == 7min));
}

BOOST_AUTO_TEST_CASE(a_success_forgets_runs_that_never_end) {
    World world;
    world.options.max_duration = 10min;
    world.start(0min, "killed");
    BOOST_TEST(world.at(10min) == "too_long");
    world.start(30min, "next");
    world.success(35min, "next");
    BOOST_TEST(world.at(35min) == "ok");
    BOOST_TEST(world.state.runs.empty());
    // One that may still end in time stays.
    world.start(40min, "slow");
    world.success(41min, "quick");
    BOOST_TEST(world.state.runs.size() == 1U);
    BOOST_TEST(world.at(50min) == "too_long");
}

BOOST_AUTO_TEST_CASE(an_end_that_is_told_again_is_no_second_run) {
    World world;
    world.options.min_duration = 5min;
    world.start(0min, "a");
    world.success(1min, "a");
    world.success(1min + 3s, "a");
    BOOST_TEST(world.at(2min) == "too_short");
    world.success(30min, "a");
    BOOST_TEST(world.at(30min) == "ok");
}

BOOST_AUTO_TEST_CASE(an_end_without_an_id_that_is_told_again_is_no_second_run) {
    World world;
    world.options.min_duration = 5min;
    world.options.max_duration = 10min;
    world.start(0min);
    world.success(1min);
    world.success(1min + 3s);
    BOOST_TEST(world.at(2min) == "too_short");
    world.start(20min);
    world.success(31min);
    world.success(31min + 3s);
    BOOST_TEST(world.at(32min) == "too_long");
    world.success(50min);
    BOOST_TEST(world.at(50min) == "ok");
}

BOOST_AUTO_TEST_CASE(runs_under_way_are_limited) {
    World world;
    for (int i = 0; i < 1'000; ++i)
        world.start(1s * i, std::to_string(i));
    BOOST_TEST(world.state.runs.size() == HeartbeatState::kRunsMax);
    BOOST_TEST(world.state.runs.back().id == "999");
}

BOOST_AUTO_TEST_CASE(cron_says_when_it_is_expected) {
    World world;
    world.options = nightly();
    BOOST_TEST(world.at(0min) == "awaited");
    BOOST_TEST(world.at(15h + 30min) == "never");
    world.success(15h + 20min);
    BOOST_TEST(world.at(15h + 30min) == "ok");
    BOOST_TEST(world.at(39h + 30min - 1ms) == "ok");
    BOOST_TEST(world.at(39h + 30min) == "late");
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_a_little_ahead_is_no_missing_run) {
    World world;
    world.options = nightly();
    world.success(15h - 4s);
    BOOST_TEST(world.at(16h) == "ok");
    BOOST_TEST(world.at(39h + 30min) == "late");
    // Much earlier is another run.
    world.success(39h - 11s);
    BOOST_TEST(world.at(39h + 30min) == "late");
    // Each minute's runs are not taken for each other.
    world.options.cron = CronSchedule::parse("* * * * *").value();
    world.options.grace = 0s;
    world.success(100h + 45s);
    BOOST_TEST(world.at(100h + 60s) == "late");
    world.success(101h + 51s);
    BOOST_TEST(world.at(101h + 60s) == "ok");
}

BOOST_AUTO_TEST_CASE(what_may_have_been_missed_while_nobody_listened_gets_one_grace_more) {
    World world;
    world.success(0min);
    // Not listened to from 12:50 to 13:30.
    BOOST_TEST(excuse(world.state, world.options, kStart + 90min));
    BOOST_TEST(world.at(90min) == "ok");
    BOOST_TEST(world.changes(90min).value() == 95);
    BOOST_TEST(world.at(95min) == "late");
    world.success(96min);
    BOOST_TEST(world.at(96min) == "ok");
    BOOST_TEST(!world.state.excuse.has_value());
}

BOOST_AUTO_TEST_CASE(one_grace_more_is_given_once) {
    World world;
    world.success(0min);
    BOOST_TEST(excuse(world.state, world.options, kStart + 90min));
    BOOST_TEST(!excuse(world.state, world.options, kStart + 93min));
    BOOST_TEST(world.at(95min) == "late");
}

BOOST_AUTO_TEST_CASE(what_was_late_before_is_not_excused) {
    World world;
    world.success(0min);
    BOOST_TEST(world.at(66min) == "late");
    BOOST_TEST(!excuse(world.state, world.options, kStart + 90min));
    BOOST_TEST(world.at(90min) == "late");
    // Nor is what was not due yet.
    World early;
    early.success(0min);
    BOOST_TEST(!excuse(early.state, early.options, kStart + 59min));
    BOOST_TEST(early.at(65min) == "late");
}

BOOST_AUTO_TEST_CASE(a_failure_is_not_excused) {
    World world;
    world.ping(0min, Kind::fail);
    BOOST_TEST(excuse(world.state, world.options, kStart + 90min));
    BOOST_TEST(world.at(90min) == "failed");
}

BOOST_AUTO_TEST_CASE(an_end_that_may_have_been_missed_is_waited_for) {
    World world;
    world.options.max_duration = 10min;
    world.success(0min);
    world.start(10min);
    // Not listened to until 12:25.
    BOOST_TEST(excuse(world.state, world.options, kStart + 25min));
    BOOST_TEST(world.at(25min) == "ok");
    BOOST_TEST(world.changes(25min).value() == 30);
    BOOST_TEST(world.at(30min) == "too_long");
}

BOOST_AUTO_TEST_CASE(a_greater_grace_takes_back_what_was_late) {
    World world;
    world.success(0min);
    BOOST_TEST(world.at(70min) == "late");
    BOOST_TEST(world.state.late_since.has_value());
    world.options.grace = 1h;
    BOOST_TEST(world.at(70min) == "ok");
    BOOST_TEST(!world.state.late_since.has_value());
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_back_makes_no_failure_of_the_past) {
    World world;
    world.options.min_duration = 1s;
    world.start(60min);
    world.success(10min);
    BOOST_TEST(world.at(10min) == "too_short");
    BOOST_TEST((world.state.last_duration == 0s));
    world.success(11min);
    BOOST_TEST(world.at(-60min) == "ok");
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_back_puts_off_no_time) {
    World world;
    world.success(24h);
    world.start(25h);
    BOOST_TEST(bring_back(world.state, kStart));
    BOOST_TEST(!bring_back(world.state, kStart));
    BOOST_TEST((world.state.runs.front().began == kStart));
    BOOST_TEST(world.changes(0min).value() == 65);
    World never;
    BOOST_TEST(bring_back(never.state, kStart - 24h));
    BOOST_TEST(never.at(65min - 24h) == "never");
}

BOOST_AUTO_TEST_CASE(the_end_of_what_was_printed_is_the_evidence_of_a_failure) {
    World world;
    const auto evidence = [&](Duration at) {
        return report_of(world.state, judge(world.state, world.options, kStart + at)).evidence;
    };
    const std::string output = std::string(2'000, 'x') + "disk full\x1b[0m\n";
    take(world.state, {.kind = Kind::exit_code, .exit_code = 1, .run = "", .body = output},
         world.options, kStart);
    BOOST_REQUIRE(evidence(0min) != nullptr);
    BOOST_TEST(evidence(0min)->body.find("disk full\ufffd[0m\n") != std::string::npos);
    BOOST_TEST(evidence(0min)->body.size() <= 1'024U);
    BOOST_TEST(evidence(0min)->body_bytes == output.size());
    world.success(1min);
    BOOST_TEST(evidence(1min) == nullptr);
    // What a good run printed says nothing of why the next one is late.
    BOOST_TEST(evidence(100min) == nullptr);
}

BOOST_AUTO_TEST_CASE(samples_say_what_is_known) {
    World world;
    world.start(1min);
    world.success(3min);
    world.start(4min);
    const auto report = [&](Duration at) {
        return report_of(world.state, judge(world.state, world.options, kStart + at));
    };
    const double noon = to_unix_seconds(kStart);
    BOOST_TEST(value_of(report(5min), "heartbeat_up") == 1);
    BOOST_TEST(value_of(report(5min), "heartbeat_last_timestamp_seconds") == noon + 180);
    BOOST_TEST(value_of(report(5min), "heartbeat_next_expected_timestamp_seconds") == noon + 3'780);
    BOOST_TEST(value_of(report(5min), "heartbeat_duration_seconds") == 120);
    BOOST_TEST(value_of(report(5min), "heartbeat_last_exit_code") == 0);
    BOOST_TEST(value_of(report(5min), "heartbeat_runs_in_progress") == 1);
    world.ping(10min, Kind::exit_code, 137);
    BOOST_TEST(value_of(report(10min), "heartbeat_up") == 0);
    BOOST_TEST(value_of(report(10min), "heartbeat_last_exit_code") == 137);
    BOOST_TEST(value_of(report(10min), "heartbeat_last_timestamp_seconds") == noon + 180);
    World never;
    const Report nothing = report_of(never.state, judge(never.state, never.options, kStart + 2h));
    BOOST_TEST(value_of(nothing, "heartbeat_last_timestamp_seconds") == 0);
    BOOST_TEST(value_of(nothing, "heartbeat_last_exit_code") == -1);
}

BOOST_AUTO_TEST_SUITE_END()

#include "probes/schedule.h"

#include <boost/test/unit_test.hpp>

#include <map>
#include <random>
#include <set>

#include "core/hash.h"

using namespace std::chrono_literals;
using pilotlight::Duration;
using pilotlight::SteadyTime;
using pilotlight::WallTime;
using pilotlight::probes::ClockAnchor;
using pilotlight::probes::DueJob;
using pilotlight::probes::Job;
using pilotlight::probes::Schedule;
using pilotlight::probes::SkipCause;

namespace {

const SteadyTime kSteady = SteadyTime{} + 1000h;
const WallTime kWall{1'700'000'000'123ms};
const ClockAnchor kAnchor{kWall, kSteady};

/// A schedule without early first runs, for exact ticks.
struct Fixture {
    Schedule schedule{kAnchor, 0ms};

    void set(std::vector<Job> jobs, SteadyTime now = kSteady) { schedule.replace(jobs, now); }

    std::vector<std::string> due_at(SteadyTime now) {
        std::vector<std::string> keys;
        for (const DueJob& job : schedule.pop_due(now))
            keys.push_back(job.key);
        return keys;
    }

    /// Runs whatever is due until `end`, each ending at once; when each key ran.
    std::map<std::string, std::vector<SteadyTime>> run_until(SteadyTime end) {
        std::map<std::string, std::vector<SteadyTime>> ran;
        for (auto next = schedule.next_wakeup(); next && *next < end;
             next = schedule.next_wakeup()) {
            for (const DueJob& job : schedule.pop_due(*next)) {
                ran[job.key].push_back(job.scheduled);
                schedule.finished(job.key);
            }
        }
        return ran;
    }
};

WallTime wall_of(SteadyTime time, const ClockAnchor& anchor) {
    return anchor.wall + std::chrono::floor<Duration>(time - anchor.steady);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(schedule, Fixture)

BOOST_AUTO_TEST_CASE(an_empty_schedule_never_wakes) {
    BOOST_CHECK(!schedule.next_wakeup().has_value());
    BOOST_TEST(due_at(kSteady + 1h).empty());
}

BOOST_AUTO_TEST_CASE(ticks_lie_at_the_hash_of_the_name_on_the_wall_clock) {
    set({{"api", 15s}});
    const SteadyTime tick = schedule.next_wakeup().value();
    const auto phase = static_cast<std::int64_t>(pilotlight::hash_bytes("api") % 15'000U);
    BOOST_TEST(wall_of(tick, kAnchor).time_since_epoch().count() % 15'000 == phase);
    BOOST_CHECK(tick > kSteady && tick <= kSteady + 15s);
}

BOOST_AUTO_TEST_CASE(the_phase_survives_a_restart) {
    set({{"api", 15s}});
    const WallTime before = wall_of(schedule.next_wakeup().value(), kAnchor);
    const ClockAnchor reborn{kWall + 37s + 411ms, SteadyTime{} + 3s};
    Schedule after(reborn, 0ms);
    after.replace(std::vector<Job>{{"api", 15s}}, reborn.steady);
    const Duration apart = wall_of(after.next_wakeup().value(), reborn) - before;
    BOOST_TEST(apart.count() % 15'000 == 0);
}

BOOST_AUTO_TEST_CASE(never_drifts_however_late_it_is_served) {
    set({{"api", 10s}});
    const SteadyTime first = schedule.next_wakeup().value();
    std::mt19937 random(1);
    for (int i = 0; i < 1000; ++i) {
        const SteadyTime late = schedule.next_wakeup().value() + Duration(random() % 9'000U);
        BOOST_TEST(due_at(late).size() == 1U);
        schedule.finished("api");
        BOOST_TEST((schedule.next_wakeup().value() - first).count() % (10s / 1ns) == 0);
    }
    BOOST_TEST(schedule.skipped()[SkipCause::missed] == 0U);
}

BOOST_AUTO_TEST_CASE(runs_at_its_rate_and_names_the_tick_it_serves) {
    set({{"fast", 1s}, {"slow", 60s}});
    const auto ran = run_until(kSteady + 10min);
    BOOST_TEST(ran.at("fast").size() == 600U);
    BOOST_TEST(ran.at("slow").size() == 10U);
    for (std::size_t i = 1; i < ran.at("fast").size(); ++i) {
        BOOST_CHECK(ran.at("fast")[i] - ran.at("fast")[i - 1] == 1s);
    }
}

BOOST_AUTO_TEST_CASE(many_targets_are_spread_evenly) {
    std::vector<Job> jobs;
    for (int i = 0; i < 3000; ++i)
        jobs.push_back({"target-" + std::to_string(i), 15s});
    set(jobs);
    std::map<std::int64_t, int> in_second;
    for (const auto& [key, ticks] : run_until(kSteady + 15s)) {
        for (const SteadyTime tick : ticks)
            ++in_second[(tick - kSteady) / 1s];
    }
    for (std::int64_t second = 0; second < 15; ++second) {
        BOOST_TEST(in_second[second] > 130);
        BOOST_TEST(in_second[second] < 270);
    }
}

BOOST_AUTO_TEST_CASE(what_is_due_within_two_milliseconds_comes_together) {
    set({{"a", 1ms}, {"b", 1ms}, {"c", 1ms}});
    BOOST_TEST(due_at(kSteady - 1ms).size() == 3U);
}

BOOST_AUTO_TEST_CASE(nothing_is_due_before_its_time) {
    set({{"api", 15s}});
    const SteadyTime tick = schedule.next_wakeup().value();
    BOOST_TEST(due_at(tick - 3ms).empty());
    BOOST_TEST(due_at(tick - 2ms).size() == 1U);
    schedule.finished("api");
    // Served a little early, the tick is not served again.
    BOOST_CHECK(schedule.next_wakeup().value() == tick + 15s);
}

BOOST_AUTO_TEST_CASE(an_overrun_is_skipped_and_counted) {
    set({{"api", 1s}});
    const SteadyTime tick = schedule.next_wakeup().value();
    BOOST_TEST(due_at(tick).size() == 1U);
    BOOST_TEST(due_at(tick + 1s).empty());
    BOOST_TEST(due_at(tick + 2s).empty());
    BOOST_TEST(schedule.skipped()[SkipCause::overrun] == 2U);
    BOOST_TEST(schedule.in_flight() == 1U);
    schedule.finished("api");
    BOOST_TEST(schedule.in_flight() == 0U);
    BOOST_TEST(due_at(tick + 3s).size() == 1U);
    BOOST_TEST(schedule.skipped()[SkipCause::missed] == 0U);
}

BOOST_AUTO_TEST_CASE(after_a_freeze_one_run_serves_and_the_rest_are_missed) {
    set({{"api", 1s}});
    const SteadyTime tick = schedule.next_wakeup().value();
    const auto due = schedule.pop_due(tick + 5500ms);
    BOOST_REQUIRE(due.size() == 1U);
    BOOST_CHECK(due[0].scheduled == tick);
    BOOST_TEST(schedule.skipped()[SkipCause::missed] == 5U);
    BOOST_CHECK(schedule.next_wakeup().value() == tick + 6s);
}

BOOST_AUTO_TEST_CASE(what_is_over_the_limit_stays_due_oldest_first) {
    set({{"a", 15s}, {"b", 15s}, {"c", 15s}});
    const SteadyTime late = kSteady + 15s;
    const auto first = schedule.pop_due(late, 2);
    BOOST_REQUIRE(first.size() == 2U);
    BOOST_CHECK(first[0].scheduled <= first[1].scheduled);
    BOOST_CHECK(schedule.next_wakeup().value() <= late);
    const auto rest = schedule.pop_due(late, 2);
    BOOST_REQUIRE(rest.size() == 1U);
    BOOST_CHECK(rest[0].scheduled >= first[1].scheduled);
}

BOOST_AUTO_TEST_CASE(turns_are_skipped_for_what_held_up_the_one_before) {
    set({{"api", 1s}});
    const SteadyTime tick = schedule.next_wakeup().value();
    BOOST_TEST(due_at(tick).size() == 1U);
    schedule.held_up_by("api", SkipCause::host_limit);
    BOOST_TEST(due_at(tick + 2s).empty());
    schedule.held_up_by("api", SkipCause::prober_limit);
    BOOST_TEST(due_at(tick + 3s).empty());
    // It has begun.
    schedule.held_up_by("api", SkipCause::overrun);
    BOOST_TEST(due_at(tick + 4s).empty());
    const auto& skipped = schedule.skipped();
    BOOST_TEST(skipped[SkipCause::host_limit] == 2U);
    BOOST_TEST(skipped[SkipCause::prober_limit] == 1U);
    BOOST_TEST(skipped[SkipCause::overrun] == 1U);
    BOOST_TEST(skipped[SkipCause::missed] == 0U);
    // What held up one run says nothing of the next.
    schedule.held_up_by("api", SkipCause::in_flight_limit);
    schedule.finished("api");
    BOOST_TEST(due_at(tick + 5s).size() == 1U);
    BOOST_TEST(due_at(tick + 6s).empty());
    BOOST_TEST(skipped[SkipCause::in_flight_limit] == 0U);
    BOOST_TEST(skipped[SkipCause::overrun] == 2U);
    schedule.held_up_by("nobody", SkipCause::host_limit);
}

BOOST_AUTO_TEST_CASE(a_hundred_milliseconds_are_kept_to) {
    set({{"fast", 100ms}});
    const auto ran = run_until(kSteady + 1min).at("fast");
    BOOST_TEST(ran.size() == 600U);
    for (std::size_t i = 1; i < ran.size(); ++i)
        BOOST_CHECK(ran[i] - ran[i - 1] == 100ms);
    BOOST_TEST(schedule.skipped()[SkipCause::missed] == 0U);
}

BOOST_AUTO_TEST_CASE(a_reload_keeps_ticks_and_what_is_in_flight) {
    set({{"kept", 15s}, {"removed", 15s}});
    const SteadyTime tick = kSteady + 15s;
    BOOST_TEST(due_at(tick).size() == 2U);
    const auto next = schedule.next_wakeup();
    set({{"kept", 15s}, {"removed", 15s}}, tick + 1s);
    BOOST_CHECK(schedule.next_wakeup() == next);
    set({{"kept", 15s}}, tick + 1s);
    BOOST_TEST(schedule.size() == 1U);
    BOOST_TEST(due_at(tick + 15s).empty());
    BOOST_TEST(schedule.skipped()[SkipCause::overrun] == 1U);
}

BOOST_AUTO_TEST_CASE(a_removed_target_runs_no_more) {
    set({{"gone", 1s}});
    set({});
    BOOST_CHECK(!schedule.next_wakeup().has_value());
    BOOST_TEST(due_at(kSteady + 1h).empty());
    schedule.finished("gone");
}

BOOST_AUTO_TEST_CASE(removed_in_flight_and_added_again_it_does_not_run_twice) {
    set({{"api", 1s}});
    const SteadyTime tick = schedule.next_wakeup().value();
    BOOST_TEST(due_at(tick).size() == 1U);
    set({}, tick);
    BOOST_TEST(schedule.in_flight() == 1U);
    set({{"api", 1s}}, tick);
    BOOST_TEST(due_at(tick + 1s).empty());
    schedule.finished("api");
    BOOST_TEST(due_at(tick + 2s).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_changed_interval_takes_the_new_phase) {
    set({{"api", 15s}});
    set({{"api", 1min}}, kSteady);
    const auto phase = static_cast<std::int64_t>(pilotlight::hash_bytes("api") % 60'000U);
    const WallTime tick = wall_of(schedule.next_wakeup().value(), kAnchor);
    BOOST_TEST(tick.time_since_epoch().count() % 60'000 == phase);
    BOOST_TEST(run_until(kSteady + 10min).at("api").size() == 10U);
}

BOOST_AUTO_TEST_CASE(a_new_or_changed_target_runs_once_early_and_then_in_phase) {
    Schedule early(kAnchor, 5s);
    early.replace(std::vector<Job>{{"certificate", 1h, 1}}, kSteady);
    const SteadyTime first = early.next_wakeup().value();
    BOOST_CHECK(first < kSteady + 5s);
    BOOST_TEST(early.pop_due(first).size() == 1U);
    early.finished("certificate");
    BOOST_TEST(early.skipped()[SkipCause::missed] == 0U);
    const auto phase =
        static_cast<std::int64_t>(pilotlight::hash_bytes("certificate") % 3'600'000U);
    const WallTime second = wall_of(early.next_wakeup().value(), kAnchor);
    BOOST_TEST(second.time_since_epoch().count() % 3'600'000 == phase);

    early.replace(std::vector<Job>{{"certificate", 1h, 2}}, kSteady + 10s);
    BOOST_CHECK(early.next_wakeup().value() < kSteady + 15s);
}

BOOST_AUTO_TEST_SUITE_END()

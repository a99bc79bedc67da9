#include "app/heartbeats.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <optional>

#include "config/yaml.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::app;
using namespace std::chrono_literals;

namespace {

using Kind = probes::HeartbeatPing::Kind;

const WallTime kNoon = parse_time("2026-03-10T12:00:00Z").value();

probes::SharedTarget target(const std::string& name, const std::string& options = "{every: 1h}",
                            const std::string& prober = "heartbeat") {
    config::TargetConfig config;
    config.name = name;
    config.prober = prober;
    config.interval = 15s;
    config.timeout = 5s;
    config.options = config::parse_yaml(options, "t.yaml").value();
    auto prepared = probes::prepare_target(config, {});
    BOOST_REQUIRE_MESSAGE(prepared.has_value(), options);
    return prepared->target;
}

/// Heartbeats over a journal, in virtual time; the journal outlives each "process".
struct World {
    testing::TemporaryFolder folder;
    std::optional<alerting::Journal> journal;
    std::optional<Heartbeats> heartbeats;
    std::vector<std::string> gone;

    World() { restart(); }

    void restart() {
        heartbeats.reset();
        journal.reset();
        journal.emplace((folder.path() / "pilotlight.db").string());
        heartbeats.emplace(*journal);
        heartbeats->restore(journal->take_contents().heartbeats);
    }

    /// Waits until it is on disk.
    bool ping(const std::string& name, WallTime at, Kind kind = Kind::success,
              const std::string& run = "") {
        const bool known =
            heartbeats->ping(name, {.kind = kind, .exit_code = 0, .run = run, .body = "out"}, at,
                             [](const Result<void>& written) { BOOST_TEST(written.has_value()); });
        journal->flush();
        return known;
    }

    /// `name:outcome` of all that was told since, in order.
    std::string told() {
        std::string text;
        for (const probes::ProbeRun& run : heartbeats->take_runs()) {
            if (!text.empty()) text += ' ';
            const bool ok = run.outcome.verdict == probes::Verdict::ok;
            text += run.target->config.name + ':' + (ok ? "ok" : run.outcome.reason);
        }
        for (const auto& [ended, batch] : heartbeats->take_ends())
            gone.push_back(ended->config.name);
        return text;
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(heartbeats)

BOOST_AUTO_TEST_CASE(a_ping_is_told_at_once_and_again_each_interval) {
    World world;
    world.heartbeats->replace({target("a"), target("host", "{}", "host")}, kNoon);
    BOOST_TEST(world.told() == "");
    BOOST_TEST(world.ping("a", kNoon + 1s));
    BOOST_TEST(world.told() == "a:ok");
    BOOST_TEST(!world.ping("host", kNoon + 1s));
    BOOST_TEST(!world.ping("b", kNoon + 1s));
    int told = 0;
    for (WallTime now = kNoon + 1s; now < kNoon + 61s; now += 1s) {
        world.heartbeats->tick(now);
        if (world.told() == "a:ok") ++told;
    }
    BOOST_TEST(told == 4);
}

BOOST_AUTO_TEST_CASE(it_asks_to_be_woken_when_something_is_late) {
    World world;
    world.heartbeats->replace({target("a", "{every: 1h, grace: 1m}")}, kNoon);
    world.ping("a", kNoon);
    world.told();
    const WallTime late = kNoon + 61min;
    WallTime now = kNoon;
    while (now < late) {
        world.heartbeats->tick(now);
        BOOST_TEST((world.told() == "" || now < late));
        const auto next = world.heartbeats->next_wakeup();
        BOOST_REQUIRE((next && *next > now));
        now = std::min(*next, late);
        BOOST_REQUIRE((*next <= late));
    }
    world.heartbeats->tick(late - 1ms);
    BOOST_TEST(world.told().find("late") == std::string::npos);
    world.heartbeats->tick(late);
    BOOST_TEST(world.told() == "a:late");
    // From then on with its samples only.
    world.heartbeats->tick(late + 1ms);
    BOOST_TEST(world.told() == "");
}

BOOST_AUTO_TEST_CASE(two_pings_of_one_moment_are_two_samples) {
    World world;
    world.heartbeats->replace({target("a")}, kNoon);
    world.heartbeats->ping("a", {.kind = Kind::fail, .run = "", .body = ""}, kNoon, {});
    world.heartbeats->ping("a", {.run = "", .body = ""}, kNoon, {});
    const auto runs = world.heartbeats->take_runs();
    BOOST_REQUIRE(runs.size() == 2U);
    BOOST_TEST((runs[0].batch->at < runs[1].batch->at));
}

BOOST_AUTO_TEST_CASE(a_restart_knows_what_was_told) {
    World world;
    const std::vector<probes::SharedTarget> targets{target("a"), target("b"), target("c")};
    world.heartbeats->replace(targets, kNoon);
    world.ping("a", kNoon);
    world.ping("b", kNoon, Kind::fail);
    world.ping("c", kNoon, Kind::start, "r");
    world.restart();
    world.heartbeats->replace(targets, kNoon + 10min);
    BOOST_TEST(world.told() == "a:ok b:failed");
    world.ping("c", kNoon + 10min, Kind::success, "r");
    const auto runs = world.heartbeats->take_runs();
    BOOST_REQUIRE(runs.size() == 1U);
    const auto& samples = runs[0].batch->samples;
    BOOST_TEST(std::ranges::any_of(samples, [](const Sample& sample) {
        return sample.labels.metric_name() == "heartbeat_duration_seconds" && sample.value == 600;
    }));
}

BOOST_AUTO_TEST_CASE(what_never_came_is_counted_from_when_it_was_first_known) {
    World world;
    world.heartbeats->replace({target("a", "{every: 1h, grace: 1m}")}, kNoon);
    world.journal->flush();
    world.restart();
    world.heartbeats->replace({target("a", "{every: 1h, grace: 1m}")}, kNoon + 59min);
    world.heartbeats->tick(kNoon + 61min - 1ms);
    BOOST_TEST(world.told() == "");
    world.heartbeats->tick(kNoon + 61min);
    BOOST_TEST(world.told() == "a:never");
}

BOOST_AUTO_TEST_CASE(a_start_gives_those_another_grace_whose_time_has_passed) {
    World world;
    const std::vector<probes::SharedTarget> targets{target("was-late", "{every: 1m, grace: 1m}"),
                                                    target("missed", "{every: 30m, grace: 1m}")};
    world.heartbeats->replace(targets, kNoon);
    world.ping("was-late", kNoon);
    world.ping("missed", kNoon);
    world.heartbeats->tick(kNoon + 5min);
    world.journal->flush();
    world.told();
    world.restart();
    world.heartbeats->replace(targets, kNoon + 40min);
    BOOST_TEST(world.told() == "missed:ok was-late:late");
    world.heartbeats->tick(kNoon + 41min);
    BOOST_TEST(world.told().find("missed:late") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(blind_time_is_nobodys_fault) {
    World world;
    world.heartbeats->replace({target("a", "{every: 1h, grace: 1m}")}, kNoon);
    world.ping("a", kNoon);
    world.told();
    world.heartbeats->was_blind(kNoon + 2h);
    world.heartbeats->tick(kNoon + 2h);
    BOOST_TEST(world.told().find("late") == std::string::npos);
    world.heartbeats->tick(kNoon + 2h + 1min);
    BOOST_TEST(world.told().find("a:late") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_reload_keeps_what_is_known_by_name) {
    World world;
    world.heartbeats->replace({target("a"), target("b")}, kNoon);
    world.ping("a", kNoon);
    world.ping("b", kNoon);
    world.told();
    world.heartbeats->replace({target("a", "{every: 10m, grace: 0s}")}, kNoon + 11min);
    BOOST_TEST(world.told() == "a:late");
    BOOST_TEST(world.gone == std::vector<std::string>{"b"});
    BOOST_TEST(!world.ping("b", kNoon + 12min));
    world.heartbeats->replace({target("b")}, kNoon + 20min);
    BOOST_TEST(world.told() == "b:ok");
}

BOOST_AUTO_TEST_CASE(names_that_no_target_has_are_forgotten_after_a_while) {
    World world;
    world.heartbeats->replace({target("a"), target("b")}, kNoon);
    world.ping("a", kNoon);
    world.heartbeats->replace({target("b")}, kNoon + 1h);
    world.heartbeats->tick(kNoon + 1h + Heartbeats::kKeptFor - 1min);
    world.journal->flush();
    world.restart();
    world.heartbeats->replace({target("b")}, kNoon + 2h);
    world.heartbeats->tick(kNoon + 2h + Heartbeats::kKeptFor);
    world.journal->flush();
    world.heartbeats.reset();
    world.journal.reset();
    world.journal.emplace((world.folder.path() / "pilotlight.db").string());
    const auto kept = world.journal->take_contents().heartbeats;
    BOOST_REQUIRE(kept.size() == 1U);
    BOOST_TEST(kept[0].key == "b");
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_back_stops_no_samples) {
    World world;
    world.heartbeats->replace({target("a")}, kNoon);
    world.ping("a", kNoon);
    world.heartbeats->tick(kNoon + 1s);
    world.told();
    int told = 0;
    for (WallTime now = kNoon - 24h; now < kNoon - 24h + 60s; now += 1s) {
        world.heartbeats->tick(now);
        if (!world.told().empty()) ++told;
    }
    BOOST_TEST(told >= 4);
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_back_puts_off_no_time) {
    World world;
    const std::vector<probes::SharedTarget> targets{target("a", "{every: 1h, grace: 1m}")};
    world.heartbeats->replace(targets, kNoon);
    world.ping("a", kNoon);
    world.heartbeats->tick(kNoon + 1s);
    world.heartbeats->tick(kNoon - 24h);
    world.told();
    world.heartbeats->tick(kNoon - 24h + 61min);
    BOOST_TEST(world.told().find("a:late") != std::string::npos);
    // So it is where the clock was set back meanwhile.
    world.ping("a", kNoon - 22h);
    world.restart();
    world.heartbeats->replace(targets, kNoon - 48h);
    world.told();
    world.heartbeats->tick(kNoon - 48h + 61min);
    BOOST_TEST(world.told().find("a:late") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "probes/runner.h"
#include "runtime/services.h"
#include "runtime/wait.h"
#include "tests/support/child_process.h"

namespace asio = boost::asio;
using namespace pilotlight;
using namespace pilotlight::probes;
using namespace std::chrono_literals;

namespace {

/// What each probe of a target comes to, in turn; ok once the script is through.
class Script {
  public:
    explicit Script(std::deque<Verdict> verdicts = {}) : verdicts_(std::move(verdicts)) {}

    /// `address`: what the probe was given first.
    Verdict next(std::string address) {
        const std::scoped_lock lock(mutex_);
        ++asked_;
        addresses_.push_back(std::move(address));
        if (verdicts_.empty()) return then_;
        const Verdict verdict = verdicts_.front();
        verdicts_.pop_front();
        return verdict;
    }
    void then(Verdict verdict) {
        const std::scoped_lock lock(mutex_);
        then_ = verdict;
    }
    int asked() {
        const std::scoped_lock lock(mutex_);
        return asked_;
    }
    std::vector<std::string> addresses() {
        const std::scoped_lock lock(mutex_);
        return addresses_;
    }

    /// How many run at once, and did at most.
    std::atomic<int> inside = 0;
    std::atomic<int> most_inside = 0;
    /// As long as it is set, probes that were begun do not end.
    std::atomic<bool> hold = false;

  private:
    std::mutex mutex_;
    std::deque<Verdict> verdicts_;
    Verdict then_ = Verdict::ok;
    std::vector<std::string> addresses_;
    int asked_ = 0;
};
using SharedScript = std::shared_ptr<Script>;

class ScriptedProber : public Prober {
  public:
    explicit ScriptedProber(SharedScript script) : script_(std::move(script)) {}

    asio::awaitable<Report> run(runtime::Services& services, runtime::Deadline deadline) override {
        const SharedScript script = script_;
        const int inside = ++script->inside;
        if (inside > script->most_inside) script->most_inside = inside;
        struct Leave {
            Script& script;
            ~Leave() { --script.inside; }
        } const leave{*script};
        const auto found = co_await services.resolver().resolve("localhost", {}, deadline);
        services.note_address("localhost", found->front());
        const Verdict verdict = script->next(found->front().to_string());
        while (script->hold)
            co_await runtime::sleep_for(1ms);
        if (verdict == Verdict::ok) co_return Report{Outcome::ok(), {{"test_value", 1}}};
        if (verdict == Verdict::unknown) {
            co_return Report{Outcome::unknown("test", "own_trouble", "it is us")};
        }
        co_return Report{Outcome::failed("test", "broken", "it is them")};
    }

  private:
    SharedScript script_;
};

std::optional<double> value_of(const ProbeRun& run, std::string_view name) {
    for (const Sample& sample : run.batch->samples) {
        if (sample.labels.metric_name() == name) return sample.value;
    }
    return std::nullopt;
}

struct Fixture {
    runtime::BlockingPool blocking;
    std::mutex mutex;
    std::vector<ProbeRun> runs;
    std::unique_ptr<Runner> runner;

    void start(Runner::Options options = {}) {
        options.first_within = 1ms;
        runner =
            std::make_unique<Runner>(options, blocking,
                                     ProbeSink{[this](ProbeRun run) {
                                                   const std::scoped_lock lock(mutex);
                                                   runs.push_back(std::move(run));
                                               },
                                               [](const SharedTarget&, const SharedBatch&) {}});
    }
    ~Fixture() { runner.reset(); }

    static PreparedTarget target(const SharedScript& script, config::Confirmation confirmation,
                                 Duration interval = 1h, const std::string& name = "a",
                                 std::uint64_t fingerprint = 1) {
        auto made = std::make_shared<Target>();
        made->config.name = name;
        made->config.prober = "scripted";
        made->config.interval = interval;
        made->config.timeout = 10s;
        made->config.confirmation = confirmation;
        made->labels = Labels{{"target", name}};
        made->host = "localhost";
        made->fingerprint = fingerprint;
        return {made, std::make_unique<ScriptedProber>(script)};
    }
    void watch(PreparedTarget target) {
        std::vector<PreparedTarget> targets;
        targets.push_back(std::move(target));
        runner->replace(std::move(targets));
    }
    std::size_t count() {
        const std::scoped_lock lock(mutex);
        return runs.size();
    }
    ProbeRun wait_for_run(std::size_t number) {
        testing::wait_until(fmt::format("run {}", number), 20s, [&] { return count() >= number; });
        const std::scoped_lock lock(mutex);
        return runs.at(number - 1);
    }
};

constexpr config::Confirmation kTwoMore{.attempts = 2, .within = 2s, .recover_attempts = 1};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(turns_of_a_target, Fixture)

BOOST_AUTO_TEST_CASE(a_failure_that_is_confirmed_is_told_once) {
    const auto script =
        std::make_shared<Script>(std::deque{Verdict::failed, Verdict::failed, Verdict::failed});
    start();
    watch(target(script, kTwoMore));
    const ProbeRun run = wait_for_run(1);
    BOOST_CHECK(run.outcome.verdict == Verdict::failed);
    BOOST_TEST(run.outcome.detail == "it is them (confirmed by 2 more probes)");
    BOOST_TEST(value_of(run, "probe_success").value() == 0.0);
    BOOST_TEST(value_of(run, "probe_failure_info").value() == 1.0);
    BOOST_CHECK(run.failing_since.value() <= run.started_at);
    BOOST_TEST(!run.blip.has_value());
    BOOST_TEST(script->asked() == 3);
    BOOST_TEST(script->most_inside == 1);
    BOOST_TEST(runner->counters().in_flight == 0U);
}

BOOST_AUTO_TEST_CASE(a_failure_that_is_not_confirmed_is_a_blip) {
    const auto script = std::make_shared<Script>(std::deque{Verdict::failed});
    start();
    watch(target(script, kTwoMore));
    const ProbeRun run = wait_for_run(1);
    BOOST_CHECK(run.outcome.verdict == Verdict::ok);
    BOOST_TEST(value_of(run, "probe_success").value() == 1.0);
    BOOST_TEST(value_of(run, "test_value").value() == 1.0);
    BOOST_TEST(!value_of(run, "probe_failure_info").has_value());
    BOOST_REQUIRE(run.blip.has_value());
    BOOST_TEST(run.blip->outcome.reason == "broken");
    BOOST_CHECK(run.blip->at <= run.started_at);
    BOOST_TEST(script->asked() == 2);
}

BOOST_AUTO_TEST_CASE(where_the_last_cannot_judge_the_failure_before_it_is_told) {
    const auto script =
        std::make_shared<Script>(std::deque{Verdict::failed, Verdict::failed, Verdict::unknown});
    start();
    watch(target(script, kTwoMore));
    const ProbeRun run = wait_for_run(1);
    BOOST_CHECK(run.outcome.verdict == Verdict::failed);
    BOOST_TEST(run.outcome.detail == "it is them (confirmed by 1 more probe)");
    BOOST_TEST(value_of(run, "probe_success").value() == 0.0);
    BOOST_TEST(script->asked() == 3);
}

BOOST_AUTO_TEST_CASE(where_none_can_judge_nothing_is_told_of_the_target) {
    const auto script =
        std::make_shared<Script>(std::deque{Verdict::failed, Verdict::unknown, Verdict::unknown});
    start();
    watch(target(script, kTwoMore));
    const ProbeRun run = wait_for_run(1);
    BOOST_CHECK(run.outcome.verdict == Verdict::unknown);
    BOOST_TEST(run.batch->samples.empty());
    BOOST_TEST(script->asked() == 3);
}

BOOST_AUTO_TEST_CASE(each_further_probe_tries_another_address_first) {
    const auto script =
        std::make_shared<Script>(std::deque{Verdict::failed, Verdict::failed, Verdict::failed});
    start();
    watch(target(script, kTwoMore));
    wait_for_run(1);
    const std::vector<std::string> expected{"::1", "127.0.0.1", "::1"};
    BOOST_TEST(script->addresses() == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_only_further_probe_goes_where_the_first_went) {
    const auto script = std::make_shared<Script>(std::deque{Verdict::failed, Verdict::failed});
    start();
    watch(target(script, {.attempts = 1, .within = 20ms, .recover_attempts = 1}));
    wait_for_run(1);
    const std::vector<std::string> expected{"::1", "::1"};
    BOOST_TEST(script->addresses() == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(recovery_takes_several_successes) {
    const auto script = std::make_shared<Script>(std::deque{Verdict::failed});
    start();
    watch(target(script, {.attempts = 0, .within = {}, .recover_attempts = 2}, 50ms));
    BOOST_CHECK(wait_for_run(1).outcome.verdict == Verdict::failed);
    const ProbeRun run = wait_for_run(2);
    BOOST_CHECK(run.outcome.verdict == Verdict::ok);
    BOOST_TEST(script->asked() >= 3);
    BOOST_TEST(!run.blip.has_value());
    BOOST_TEST(script->most_inside == 1);
}

BOOST_AUTO_TEST_CASE(turns_that_come_meanwhile_are_overruns) {
    const auto script = std::make_shared<Script>();
    script->then(Verdict::failed);
    start();
    watch(target(script, {.attempts = 1, .within = 300ms, .recover_attempts = 1}, 20ms));
    wait_for_run(1);
    BOOST_TEST(script->most_inside == 1);
    BOOST_TEST(runner->counters().skipped[SkipCause::overrun] >= 5U);
    // From now on each failure is told at once.
    wait_for_run(3);
}

BOOST_AUTO_TEST_CASE(a_target_that_is_removed_while_it_is_confirmed_ends_unheard) {
    const auto script = std::make_shared<Script>();
    script->then(Verdict::failed);
    start();
    watch(target(script, {.attempts = 1, .within = 1h, .recover_attempts = 1}));
    testing::wait_until("the first probe", 20s,
                        [&] { return script->asked() == 1 && script->inside == 0; });
    runner->replace({});
    // The pause ends at once, although its hour is not over.
    testing::wait_until("its turn's end", 20s, [&] { return runner->counters().in_flight == 0; });
    runner->stop();
    BOOST_TEST(script->asked() == 1);
    BOOST_TEST(runs.empty());
}

BOOST_AUTO_TEST_CASE(a_change_while_it_is_confirmed_begins_anew) {
    const auto script = std::make_shared<Script>();
    script->then(Verdict::failed);
    start();
    watch(target(script, {.attempts = 1, .within = 1h, .recover_attempts = 1}));
    testing::wait_until("the first probe", 20s,
                        [&] { return script->asked() == 1 && script->inside == 0; });
    watch(target(script, {}, 100ms, "a", 2));
    const ProbeRun run = wait_for_run(1);
    BOOST_CHECK(run.outcome.verdict == Verdict::failed);
    BOOST_TEST(run.target->fingerprint == 2U);
    BOOST_TEST(run.outcome.detail == "it is them");
}

BOOST_AUTO_TEST_CASE(a_change_keeps_that_a_target_is_down) {
    const auto script = std::make_shared<Script>();
    script->then(Verdict::failed);
    start();
    watch(target(script, {}));
    BOOST_CHECK(wait_for_run(1).outcome.verdict == Verdict::failed);
    watch(target(script, {.attempts = 2, .within = 1h, .recover_attempts = 1}, 1h, "a", 2));
    // It does not have to be confirmed again.
    BOOST_CHECK(wait_for_run(2).outcome.verdict == Verdict::failed);
}

BOOST_AUTO_TEST_CASE(stopping_does_not_wait_for_a_confirmation) {
    const auto script = std::make_shared<Script>();
    script->then(Verdict::failed);
    start();
    watch(target(script, {.attempts = 1, .within = 1h, .recover_attempts = 1}));
    testing::wait_until("the first probe", 20s,
                        [&] { return script->asked() == 1 && script->inside == 0; });
    runner->stop();
    BOOST_TEST(runs.empty());
}

BOOST_AUTO_TEST_CASE(a_probe_asked_for_at_once_is_told_as_it_is) {
    const auto script = std::make_shared<Script>(std::deque{Verdict::failed});
    const ProbeRun run = run_once(target(script, kTwoMore), blocking);
    BOOST_CHECK(run.outcome.verdict == Verdict::failed);
    BOOST_TEST(script->asked() == 1);
}

BOOST_AUTO_TEST_CASE(one_host_is_not_asked_by_more_than_its_limit_over_all_loops) {
    const auto script = std::make_shared<Script>();
    script->hold = true;
    start({.threads = 3, .limits = {.per_host = 2}});
    std::vector<PreparedTarget> targets;
    for (int i = 0; i < 12; ++i)
        targets.push_back(target(script, {}, 50ms, "t" + std::to_string(i)));
    runner->replace(std::move(targets));
    testing::wait_until("turns left out", 20s, [&] {
        const SkipCounts skipped = runner->counters().skipped;
        return skipped[SkipCause::host_limit] >= 20 && skipped[SkipCause::overrun] >= 2;
    });
    BOOST_TEST(script->inside == 2);
    script->hold = false;
    wait_for_run(24);
    runner->stop();
    BOOST_TEST(script->most_inside == 2);
    const SkipCounts skipped = runner->counters().skipped;
    BOOST_TEST(skipped[SkipCause::in_flight_limit] == 0U);
    BOOST_TEST(skipped[SkipCause::prober_limit] == 0U);
    // Who had to wait was late, and says so.
    BOOST_CHECK(std::ranges::any_of(runs, [](const ProbeRun& run) { return run.lateness > 50ms; }));
}

BOOST_AUTO_TEST_CASE(nor_is_a_prober_run_more_often_than_its_limit) {
    const auto script = std::make_shared<Script>();
    script->hold = true;
    start({.threads = 2, .limits = {.of_prober = {{"scripted", 1}}}});
    std::vector<PreparedTarget> targets;
    for (int i = 0; i < 6; ++i)
        targets.push_back(target(script, {}, 50ms, "t" + std::to_string(i)));
    runner->replace(std::move(targets));
    testing::wait_until("turns left out", 20s,
                        [&] { return runner->counters().skipped[SkipCause::prober_limit] >= 10; });
    BOOST_TEST(script->inside == 1);
    // A reload takes away those that wait, and the others are let in.
    std::vector<PreparedTarget> fewer;
    fewer.push_back(target(script, {}, 50ms, "t5"));
    runner->replace(std::move(fewer));
    script->hold = false;
    testing::wait_until("the last one", 20s, [&] {
        const std::scoped_lock lock(mutex);
        return std::ranges::any_of(
            runs, [](const ProbeRun& run) { return run.target->config.name == "t5"; });
    });
    runner->stop();
    BOOST_TEST(script->most_inside == 1);
}

BOOST_AUTO_TEST_CASE(stopping_sends_away_who_waits) {
    const auto script = std::make_shared<Script>();
    script->hold = true;
    start({.threads = 2, .limits = {.per_host = 1}});
    std::vector<PreparedTarget> targets;
    for (int i = 0; i < 6; ++i)
        targets.push_back(target(script, {}, 1h, "t" + std::to_string(i)));
    runner->replace(std::move(targets));
    testing::wait_until("all turns", 20s, [&] { return runner->counters().in_flight == 6; });
    runner->stop();
    BOOST_TEST(runs.empty());
}

BOOST_AUTO_TEST_SUITE_END()

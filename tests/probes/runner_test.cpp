#include "probes/runner.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>

#include "runtime/wait.h"
#include "tests/support/child_process.h"

namespace asio = boost::asio;
using namespace pilotlight;
using namespace pilotlight::probes;
using namespace std::chrono_literals;

namespace {

/// What a probe does, and how often at once.
struct Behaviour {
    std::atomic<int> inside = 0;
    std::atomic<int> most_inside = 0;
    std::atomic<int> runs = 0;
    /// Until the deadline, that is.
    std::atomic<bool> hangs = false;
    std::atomic<bool> throws = false;
};

class TestProber : public Prober {
  public:
    explicit TestProber(std::shared_ptr<Behaviour> behaviour) : behaviour_(std::move(behaviour)) {}

    asio::awaitable<Report> run(runtime::Services&, runtime::Deadline deadline) override {
        const std::shared_ptr<Behaviour> behaviour = behaviour_;
        ++behaviour->runs;
        const int inside = ++behaviour->inside;
        if (inside > behaviour->most_inside) behaviour->most_inside = inside;
        struct Leave {
            Behaviour& behaviour;
            ~Leave() { --behaviour.inside; }
        } const leave{*behaviour};
        if (behaviour->throws) throw std::runtime_error("a bug");
        const SteadyTime until = behaviour->hangs ? deadline.at : steady_now() + 1ms;
        co_await runtime::sleep_until(until);
        if (behaviour->hangs) co_return Report{Outcome::failed("test", "timeout", "")};
        co_return Report{Outcome::ok(), {{"test_value", 1}}};
    }

  private:
    std::shared_ptr<Behaviour> behaviour_;
};

/// Keeps what a runner says.
struct Listener {
    std::mutex mutex;
    std::vector<ProbeRun> runs;
    std::vector<std::pair<SharedTarget, SharedBatch>> gone;

    ProbeSink sink() {
        return {[this](ProbeRun run) {
                    const std::scoped_lock lock(mutex);
                    runs.push_back(std::move(run));
                },
                [this](SharedTarget target, SharedBatch ends) {
                    const std::scoped_lock lock(mutex);
                    gone.emplace_back(std::move(target), std::move(ends));
                }};
    }
    std::size_t count(const std::string& name = "") {
        const std::scoped_lock lock(mutex);
        return static_cast<std::size_t>(std::ranges::count_if(runs, [&](const ProbeRun& run) {
            return name.empty() || run.target->config.name == name;
        }));
    }
    ProbeRun last(const std::string& name) {
        const std::scoped_lock lock(mutex);
        const auto found = std::ranges::find_if(
            runs.rbegin(), runs.rend(),
            [&](const ProbeRun& run) { return run.target->config.name == name; });
        return *found;
    }
    void wait_for(std::size_t count_wanted, const std::string& name = "") {
        testing::wait_until(fmt::format("{} runs of '{}'", count_wanted, name), 20s,
                            [&] { return count(name) >= count_wanted; });
    }
};

struct Fixture {
    runtime::BlockingPool blocking;
    Listener listener;
    std::shared_ptr<Behaviour> behaviour = std::make_shared<Behaviour>();

    std::unique_ptr<Runner> runner(Runner::Options options = {}) {
        return std::make_unique<Runner>(options, blocking, listener.sink());
    }
    PreparedTarget target(const std::string& name, Duration interval = 50ms,
                          std::uint64_t fingerprint = 1, const std::string& tier = "") {
        auto made = std::make_shared<Target>();
        made->config.name = name;
        made->config.interval = interval;
        made->config.timeout = 1s;
        made->labels = Labels{{"target", name}, {"tier", tier}};
        made->fingerprint = fingerprint;
        return {made, std::make_unique<TestProber>(behaviour)};
    }
    template <class... Targets>
    static std::vector<PreparedTarget> list(Targets... targets) {
        std::vector<PreparedTarget> all;
        (all.push_back(std::move(targets)), ...);
        return all;
    }
};

std::optional<double> value_of(const SampleBatch& batch, std::string_view name) {
    for (const Sample& sample : batch.samples) {
        if (sample.labels.metric_name() == name) return sample.value;
    }
    return std::nullopt;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(runner, Fixture)

BOOST_AUTO_TEST_CASE(runs_each_target_again_and_again) {
    const auto running = runner();
    running->replace(list(target("a"), target("b")));
    listener.wait_for(3, "a");
    listener.wait_for(3, "b");
    const ProbeRun run = listener.last("a");
    BOOST_CHECK(run.outcome.verdict == Verdict::ok);
    BOOST_TEST(run.batch->samples.size() == 3U);
    BOOST_TEST(value_of(*run.batch, "test_value").value() == 1.0);
    BOOST_CHECK(run.lateness >= 0ms);
    BOOST_CHECK(run.duration >= 1ms);
    BOOST_CHECK(run.batch->at == run.started_at);
    BOOST_TEST(running->counters().targets == 2U);
}

BOOST_AUTO_TEST_CASE(shares_the_targets_among_its_loops) {
    const auto running = runner({.threads = 3});
    std::vector<PreparedTarget> targets;
    for (int i = 0; i < 30; ++i)
        targets.push_back(target("t" + std::to_string(i)));
    running->replace(std::move(targets));
    BOOST_TEST(running->counters().targets == 30U);
    for (int i = 0; i < 30; ++i)
        listener.wait_for(1, "t" + std::to_string(i));
}

BOOST_AUTO_TEST_CASE(a_hanging_target_runs_once_at_a_time_and_overruns_are_counted) {
    behaviour->hangs = true;
    const auto running = runner();
    running->replace(list(target("slow", 20ms)));
    listener.wait_for(1, "slow");
    BOOST_TEST(behaviour->most_inside == 1);
    BOOST_TEST(running->counters().skipped[SkipCause::overrun] >= 10U);
    const ProbeRun run = listener.last("slow");
    BOOST_TEST(run.outcome.reason == "timeout");
    BOOST_TEST(value_of(*run.batch, "probe_success").value() == 0.0);
}

BOOST_AUTO_TEST_CASE(keeps_to_the_limit_of_probes_in_flight) {
    behaviour->hangs = true;
    const auto running = runner({.limits = {.per_loop = 2}, .first_within = 10ms});
    std::vector<PreparedTarget> targets;
    for (int i = 0; i < 6; ++i)
        targets.push_back(target("t" + std::to_string(i), 10s));
    running->replace(std::move(targets));
    listener.wait_for(6);
    running->stop();
    BOOST_TEST(behaviour->most_inside == 2);
    // Who had to wait was late, and says so.
    BOOST_CHECK(std::ranges::any_of(listener.runs,
                                    [](const ProbeRun& run) { return run.lateness > 900ms; }));
}

BOOST_AUTO_TEST_CASE(an_exception_out_of_a_prober_is_our_own_trouble) {
    behaviour->throws = true;
    const auto running = runner();
    running->replace(list(target("a")));
    listener.wait_for(2, "a");
    const ProbeRun run = listener.last("a");
    BOOST_CHECK(run.outcome.verdict == Verdict::unknown);
    BOOST_TEST(run.outcome.reason == "exception");
    BOOST_TEST(run.batch->samples.empty());
}

BOOST_AUTO_TEST_CASE(a_reload_keeps_what_is_unchanged) {
    const auto running = runner();
    running->replace(list(target("kept"), target("gone")));
    listener.wait_for(1, "kept");
    listener.wait_for(1, "gone");
    const std::string_view before = listener.last("kept").batch->samples[0].labels.get("target");
    running->replace(list(target("kept")));
    const std::size_t gone_runs = listener.count("gone");
    const std::size_t runs = listener.count("kept");
    listener.wait_for(runs + 3, "kept");
    BOOST_TEST(listener.count("gone") == gone_runs);
    // Its label sets are still the same ones.
    const std::string_view after = listener.last("kept").batch->samples[0].labels.get("target");
    BOOST_TEST(static_cast<const void*>(before.data()) == static_cast<const void*>(after.data()));
    BOOST_REQUIRE(listener.gone.size() == 1U);
    BOOST_TEST(listener.gone[0].first->config.name == "gone");
    BOOST_TEST(listener.gone[0].second->samples.size() == 3U);
    BOOST_TEST(is_stale(listener.gone[0].second->samples[0].value));
}

BOOST_AUTO_TEST_CASE(a_changed_target_with_the_same_labels_keeps_its_series) {
    const auto running = runner();
    running->replace(list(target("a", 50ms, 1)));
    listener.wait_for(1, "a");
    running->replace(list(target("a", 60ms, 2)));
    const std::size_t runs = listener.count("a");
    listener.wait_for(runs + 2, "a");
    BOOST_TEST(listener.last("a").target->fingerprint == 2U);
    BOOST_TEST(listener.gone.empty());
}

BOOST_AUTO_TEST_CASE(changed_labels_end_the_old_series) {
    const auto running = runner();
    running->replace(list(target("a", 50ms, 1, "old")));
    listener.wait_for(1, "a");
    running->replace(list(target("a", 50ms, 2, "new")));
    BOOST_REQUIRE(listener.gone.size() == 1U);
    BOOST_TEST(listener.gone[0].second->samples[0].labels.get("tier") == "old");
    const std::size_t runs = listener.count("a");
    listener.wait_for(runs + 1, "a");
    BOOST_TEST(listener.last("a").batch->samples[0].labels.get("tier") == "new");
}

BOOST_AUTO_TEST_CASE(a_probe_in_flight_of_a_changed_target_ends_unheard) {
    behaviour->hangs = true;
    const auto running = runner({.first_within = 1ms});
    running->replace(list(target("a", 1h, 1)));
    testing::wait_until("the first probe", 60s, [&] { return behaviour->inside == 1; });
    running->replace(list(target("a", 1h, 2)));
    behaviour->hangs = false;
    testing::wait_until("its end", 60s, [&] { return behaviour->inside == 0; });
    BOOST_TEST(behaviour->most_inside == 1);
    running->stop();
    for (const ProbeRun& run : listener.runs)
        BOOST_TEST(run.target->fingerprint == 2U);
}

BOOST_AUTO_TEST_CASE(stopping_cancels_what_is_in_flight) {
    behaviour->hangs = true;
    auto running = runner({.first_within = 1ms});
    PreparedTarget slow = target("slow", 1h);
    auto description = std::make_shared<Target>(*slow.target);
    description->config.timeout = 1h;
    slow.target = description;
    running->replace(list(std::move(slow)));
    testing::wait_until("the probe", 60s, [&] { return behaviour->inside == 1; });
    const SteadyTime began = steady_now();
    running->stop();
    BOOST_CHECK(steady_now() - began < 5s);
    BOOST_TEST(behaviour->inside == 0);
    BOOST_TEST(listener.runs.empty());
    running->stop();
}

BOOST_AUTO_TEST_CASE(a_probe_can_be_asked_for_at_once) {
    const ProbeRun run = run_once(target("a", 1h), blocking);
    BOOST_CHECK(run.outcome.verdict == Verdict::ok);
    BOOST_TEST(value_of(*run.batch, "test_value").value() == 1.0);
    BOOST_TEST(run.batch->samples[0].labels.get("target") == "a");
}

BOOST_AUTO_TEST_CASE(one_asked_for_of_a_stopped_runner_is_a_broken_promise) {
    auto running = runner();
    running->stop();
    std::future<ProbeRun> future = running->probe_now(target("a"));
    running.reset();
    BOOST_CHECK_THROW(future.get(), std::future_error);
}

BOOST_AUTO_TEST_SUITE_END()

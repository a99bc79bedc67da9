#include "probes/runner.h"

#include <spdlog/spdlog.h>

#include <boost/asio/use_future.hpp>

#include <atomic>
#include <unordered_map>

#include "core/check.h"
#include "core/hash.h"
#include "probes/certificate_watch.h"
#include "probes/doubt.h"
#include "probes/redaction.h"
#include "probes/target_series.h"
#include "probes/turns.h"
#include "runtime/loop.h"
#include "runtime/suspension.h"
#include "runtime/task_group.h"
#include "runtime/wait.h"

namespace asio = boost::asio;

namespace pilotlight::probes {
namespace {

/// Bytes of a detail that are kept where something may have to be hidden in it.
constexpr std::size_t kMostDetail = 1'024;

/// A target that is being watched. A probe in flight keeps its own alive.
struct Watched {
    SharedTarget target;
    std::unique_ptr<Prober> prober;
    std::unique_ptr<TargetSeries> series;
    CertificateWatch certificates = {};
};

/// Asks, and makes a report of what should never come: an exception out of a prober.
asio::awaitable<Report> ask(Prober& prober, runtime::Services& services,
                            runtime::Deadline deadline) {
    std::string escaped;
    try {
        Report report = co_await prober.run(services, deadline);
        co_return report;
    } catch (const std::bad_alloc&) {
        co_return Report{Outcome::unknown("prober", "no_memory", "there is no memory left")};
    } catch (const std::exception& error) {
        if (runtime::is_cancellation()) throw;
        escaped = error.what();
    }
    co_return Report{Outcome::unknown("prober", "exception", "the prober threw: " + escaped)};
}

/// Takes over what the report says of the outcome, without the target's secrets.
void take_outcome(ProbeRun& run, Report& report, const Redaction* redaction) {
    run.outcome = report.outcome;
    if (redaction != nullptr && !run.outcome.detail.empty()) {
        run.outcome.detail = redaction->shown(run.outcome.detail, kMostDetail);
    }
    if (!report.evidence) return;
    report.evidence->at = run.started_at;
    fit(*report.evidence);
    run.evidence = std::move(report.evidence);
}

/// One probe from start to end, its failure doubted where we may be to blame; the samples are the
/// caller's. `scheduled` is nothing for a probe that nobody scheduled.
asio::awaitable<std::pair<ProbeRun, Report>> probe(std::shared_ptr<Watched> watched,
                                                   runtime::Services& services, const Turns& turns,
                                                   std::optional<SteadyTime> scheduled) {
    const config::TargetConfig& config = watched->target->config;
    ProbeRun run;
    run.target = watched->target;
    run.started_at = wall_now();
    const SteadyTime started = steady_now();
    // Probes that are due within a moment start together, some before their time.
    if (scheduled) run.lateness = std::max(started - *scheduled, SteadyTime::duration::zero());
    Circumstances how{run.lateness, scheduled ? config.interval : Duration(), config.timeout};
    const std::chrono::nanoseconds lost = turns.lost(started);
    const std::chrono::nanoseconds suspended = runtime::time_suspended();
    const runtime::Deadline deadline{started + config.timeout};
    Report report = co_await ask(*watched->prober, services, deadline);
    const SteadyTime ended = steady_now();
    run.duration = ended - started;
    how.lost = turns.lost(ended) - lost;
    how.suspended = runtime::time_suspended() - suspended;
    report.outcome = doubt(std::move(report.outcome), how);
    take_outcome(run, report, watched->prober->redaction());
    co_return std::pair(std::move(run), std::move(report));
}

void add_samples(ProbeRun& run, const Report& report, TargetSeries& series) {
    ProbeSamples samples = series.make(report, run.started_at, run.duration);
    run.batch = std::move(samples.batch);
    run.timed = std::move(samples.timed);
}

}  // namespace

/// One probe loop with its share of the targets. All but the constructor, start(), stop(),
/// counters() and the posting calls is its loop's.
class Runner::Shard {
  public:
    Shard(int index, const Options& options, ClockAnchor anchor, runtime::BlockingPool& blocking,
          const ProbeSink& sink)
        : loop_(fmt::format("probe-{}", index)),
          services_(loop_.executor(), blocking, options.services),
          sink_(sink),
          in_flight_limit_(options.in_flight_limit),
          schedule_(anchor, options.first_within),
          wakeup_(loop_.executor()),
          next_turn_(loop_.executor()),
          tasks_(loop_.executor()) {
        tasks_.spawn("schedule", [this] { return keep_time(); });
        tasks_.spawn("turns", [this] { return count_turns(); });
        loop_.start();
    }
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;
    ~Shard() { stop(); }

    void stop() {
        if (stopped_) return;
        stopped_ = true;
        std::future<void> joined =
            asio::co_spawn(loop_.executor(), tasks_.cancel_and_join(), asio::use_future);
        while (joined.wait_for(std::chrono::seconds(5)) != std::future_status::ready) {
            const auto names = loop_.ask([this] { return tasks_.running(); }, Duration(100));
            spdlog::warn("still waiting for probes to end: {}",
                         names ? fmt::format("{}", fmt::join(*names, ", ")) : "the loop hangs");
        }
        loop_.stop();
        loop_.join();
    }

    void replace(std::vector<PreparedTarget> targets) {
        auto job = [this, targets = std::move(targets)]() mutable { take(std::move(targets)); };
        if (!loop_.ask(std::move(job), std::chrono::seconds(10))) {
            spdlog::error("a probe loop has not taken its new targets within 10s; it will later");
        }
    }

    void probe_now(PreparedTarget target, std::shared_ptr<std::promise<ProbeRun>> promise) {
        auto watched = std::make_shared<Watched>();
        watched->target = std::move(target.target);
        watched->prober = std::move(target.prober);
        loop_.post([this, watched, promise] {
            tasks_.spawn(watched->target->config.name,
                         [this, watched, promise] { return run_alone(watched, promise); });
        });
    }

    [[nodiscard]] RunnerCounters counters() const {
        return {overruns_.load(), missed_.load(), in_flight_.load(), targets_.load()};
    }

  private:
    asio::awaitable<void> keep_time();
    asio::awaitable<void> count_turns();
    void start_due();
    asio::awaitable<void> run_scheduled(std::shared_ptr<Watched> watched, SteadyTime scheduled);
    asio::awaitable<void> run_alone(std::shared_ptr<Watched> watched,
                                    std::shared_ptr<std::promise<ProbeRun>> promise);
    void take(std::vector<PreparedTarget> targets);
    std::shared_ptr<Watched> watch(PreparedTarget target);
    void publish_counters();

    runtime::Loop loop_;
    runtime::Services services_;
    const ProbeSink& sink_;
    std::size_t in_flight_limit_;
    Schedule schedule_;
    std::unordered_map<std::string, std::shared_ptr<Watched>> watched_;
    asio::steady_timer wakeup_;
    Turns turns_;
    asio::steady_timer next_turn_;
    std::atomic<std::uint64_t> overruns_ = 0;
    std::atomic<std::uint64_t> missed_ = 0;
    std::atomic<std::uint64_t> in_flight_ = 0;
    std::atomic<std::uint64_t> targets_ = 0;
    bool stopped_ = false;
    /// Last: its tasks use all of the above.
    runtime::TaskGroup tasks_;
};

asio::awaitable<void> Runner::Shard::keep_time() {
    for (;;) {
        start_due();
        // At the limit there is nothing to wake up for; the next probe that ends wakes us.
        const bool full = schedule_.in_flight() >= in_flight_limit_;
        const std::optional<SteadyTime> next = full ? std::nullopt : schedule_.next_wakeup();
        wakeup_.expires_at(next.value_or(SteadyTime::max()));
        co_await wakeup_.async_wait(asio::as_tuple(asio::use_awaitable));
        const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != asio::cancellation_type::none) co_return;
    }
}

asio::awaitable<void> Runner::Shard::count_turns() {
    for (;;) {
        next_turn_.expires_at(turns_.next());
        co_await next_turn_.async_wait(asio::as_tuple(asio::use_awaitable));
        const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != asio::cancellation_type::none) co_return;
        turns_.turned(steady_now());
    }
}

void Runner::Shard::start_due() {
    if (schedule_.in_flight() < in_flight_limit_) {
        const std::size_t room = in_flight_limit_ - schedule_.in_flight();
        for (DueJob& job : schedule_.pop_due(steady_now(), room)) {
            std::shared_ptr<Watched> watched = watched_.at(job.key);
            tasks_.spawn(std::move(job.key), [this, watched, scheduled = job.scheduled] {
                return run_scheduled(watched, scheduled);
            });
        }
    }
    publish_counters();
}

asio::awaitable<void> Runner::Shard::run_scheduled(std::shared_ptr<Watched> watched,
                                                   SteadyTime scheduled) {
    const std::string& name = watched->target->config.name;
    if (turns_.began(steady_now())) next_turn_.cancel();
    auto [run, report] = co_await probe(watched, services_, turns_, scheduled);
    turns_.ended();
    const bool was_full = schedule_.in_flight() >= in_flight_limit_;
    schedule_.finished(name);
    publish_counters();
    if (was_full) wakeup_.cancel();
    // A reload may have removed or changed the target meanwhile: nobody waits for this any more.
    const auto now_watched = watched_.find(name);
    if (now_watched == watched_.end() || now_watched->second != watched) co_return;
    const std::string news = watched->certificates.observe(report, run.started_at);
    if (!news.empty()) spdlog::warn("target \"{}\": {}", name, news);
    run.outcome.detail += watched->certificates.remark(run.outcome, run.started_at);
    add_samples(run, report, *watched->series);
    sink_.ran(std::move(run));
}

asio::awaitable<void> Runner::Shard::run_alone(std::shared_ptr<Watched> watched,
                                               std::shared_ptr<std::promise<ProbeRun>> promise) {
    if (turns_.began(steady_now())) next_turn_.cancel();
    auto [run, report] = co_await probe(watched, services_, turns_, std::nullopt);
    turns_.ended();
    TargetSeries series(watched->target);
    add_samples(run, report, series);
    promise->set_value(std::move(run));
}

std::shared_ptr<Watched> Runner::Shard::watch(PreparedTarget prepared) {
    auto fresh = std::make_shared<Watched>();
    fresh->target = std::move(prepared.target);
    fresh->prober = std::move(prepared.prober);
    const auto known = watched_.find(fresh->target->config.name);
    if (known != watched_.end()) {
        Watched& old = *known->second;
        if (old.target->fingerprint == fresh->target->fingerprint) return known->second;
        if (old.target->config.target.reveal() == fresh->target->config.target.reveal()) {
            fresh->certificates = std::move(old.certificates);
        }
        // Only how it is asked has changed: its series go on.
        if (old.target->labels == fresh->target->labels) {
            fresh->series = std::move(old.series);
            fresh->series->retarget(fresh->target);
            return fresh;
        }
        sink_.gone(old.target, old.series->end(wall_now()));
    }
    fresh->series = std::make_unique<TargetSeries>(fresh->target);
    return fresh;
}

void Runner::Shard::take(std::vector<PreparedTarget> targets) {
    std::unordered_map<std::string, std::shared_ptr<Watched>> next;
    std::vector<Job> jobs;
    for (PreparedTarget& target : targets) {
        const config::TargetConfig& config = target.target->config;
        jobs.push_back({config.name, config.interval, target.target->fingerprint});
        const std::string name = config.name;
        next[name] = watch(std::move(target));
    }
    for (const auto& [name, old] : watched_) {
        if (!next.contains(name)) sink_.gone(old->target, old->series->end(wall_now()));
    }
    watched_ = std::move(next);
    schedule_.replace(jobs, steady_now());
    publish_counters();
    wakeup_.cancel();
}

void Runner::Shard::publish_counters() {
    overruns_ = schedule_.counters().overruns;
    missed_ = schedule_.counters().missed;
    in_flight_ = schedule_.in_flight();
    targets_ = schedule_.size();
}

Runner::Runner(Options options, runtime::BlockingPool& blocking, ProbeSink sink)
    : sink_(std::make_unique<const ProbeSink>(std::move(sink))) {
    PILOT_CHECK(options.threads >= 1 && options.in_flight_limit >= 1);
    const ClockAnchor anchor{wall_now(), steady_now()};
    for (int i = 0; i < options.threads; ++i) {
        shards_.push_back(std::make_unique<Shard>(i, options, anchor, blocking, *sink_));
    }
}

Runner::~Runner() {
    stop();
}

void Runner::replace(std::vector<PreparedTarget> targets) {
    std::vector<std::vector<PreparedTarget>> shares(shards_.size());
    for (PreparedTarget& target : targets) {
        if (target.target->heartbeat != nullptr) continue;
        const std::uint64_t hash = hash_bytes(target.target->config.name);
        // The high bits: the low ones decide the phase, and a loop should have all phases.
        shares[(hash >> 32) % shards_.size()].push_back(std::move(target));
    }
    for (std::size_t i = 0; i < shards_.size(); ++i)
        shards_[i]->replace(std::move(shares[i]));
}

std::future<ProbeRun> Runner::probe_now(PreparedTarget target) {
    auto promise = std::make_shared<std::promise<ProbeRun>>();
    std::future<ProbeRun> future = promise->get_future();
    shards_.front()->probe_now(std::move(target), std::move(promise));
    return future;
}

void Runner::stop() {
    for (const auto& shard : shards_)
        shard->stop();
}

RunnerCounters Runner::counters() const {
    RunnerCounters sum;
    for (const auto& shard : shards_) {
        const RunnerCounters each = shard->counters();
        sum.overruns += each.overruns;
        sum.missed += each.missed;
        sum.in_flight += each.in_flight;
        sum.targets += each.targets;
    }
    return sum;
}

ProbeRun run_once(PreparedTarget target, runtime::BlockingPool& blocking) {
    Runner runner({}, blocking, {});
    return runner.probe_now(std::move(target)).get();
}

}  // namespace pilotlight::probes

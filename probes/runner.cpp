#include "probes/runner.h"

#include <spdlog/spdlog.h>

#include <boost/asio/use_future.hpp>

#include <array>
#include <atomic>
#include <unordered_map>

#include "core/check.h"
#include "core/hash.h"
#include "probes/addresses.h"
#include "probes/ask.h"
#include "probes/certificate_watch.h"
#include "probes/confirmation.h"
#include "probes/doubt.h"
#include "probes/redaction.h"
#include "probes/round.h"
#include "probes/target_series.h"
#include "probes/turns.h"
#include "runtime/loop.h"
#include "runtime/suspension.h"
#include "runtime/task_group.h"
#include "runtime/wait.h"

namespace asio = boost::asio;

namespace pilotlight::probes {
namespace {

/// A target that is being watched. A probe in flight keeps its own alive.
struct Watched {
    SharedTarget target;
    std::unique_ptr<Prober> prober;
    /// Where each address is asked; null otherwise.
    std::unique_ptr<AddressProbes> addresses;
    std::unique_ptr<TargetSeries> series;
    CertificateWatch certificates = {};
    Confirmation confirmation{{}};
    Admission::Way way;
    /// Until a reload removes or changes the target: then nobody waits for its probe any more.
    bool current = true;
    /// What its turn waits by while no probe of it runs; null otherwise.
    asio::steady_timer* pause = nullptr;

    explicit Watched(PreparedTarget prepared)
        : target(std::move(prepared.target)), prober(std::move(prepared.prober)) {
        const config::TargetConfig& config = target->config;
        confirmation = Confirmation(config.confirmation);
        if (config.addresses == config::AddressPolicy::first || !prepared.make_another) return;
        auto make = [own = prober.get(), another = std::move(prepared.make_another)] {
            std::unique_ptr<Prober> made = another();
            made->be_like(*own);
            return made;
        };
        addresses = std::make_unique<AddressProbes>(target, std::move(make));
    }
    void wake() const {
        if (pause != nullptr) pause->cancel();
    }
};

asio::awaitable<Report> ask_target(Watched& watched, runtime::Services& services,
                                   runtime::Deadline deadline) {
    if (watched.addresses) {
        std::optional<Report> report = co_await watched.addresses->ask(services, deadline);
        if (report) co_return std::move(*report);
    }
    Report report = co_await ask(*watched.prober, services, deadline);
    co_return report;
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

/// One probe from start to end, its failure doubted where we may be to blame; `run.lateness` and
/// the samples are the caller's. `how`: what is known of it before.
asio::awaitable<Asked> probe(std::shared_ptr<Watched> watched, runtime::Services& services,
                             const Turns& turns, Circumstances how) {
    const config::TargetConfig& config = watched->target->config;
    how.timeout = config.timeout;
    ProbeRun run;
    run.target = watched->target;
    run.started_at = wall_now();
    const SteadyTime started = steady_now();
    const std::chrono::nanoseconds lost = turns.lost(started);
    const std::chrono::nanoseconds suspended = runtime::time_suspended();
    const runtime::Deadline deadline{started + config.timeout};
    Report report = co_await ask_target(*watched, services, deadline);
    const SteadyTime ended = steady_now();
    run.duration = ended - started;
    how.lost = turns.lost(ended) - lost;
    how.suspended = runtime::time_suspended() - suspended;
    report.outcome = doubt(std::move(report.outcome), how);
    take_outcome(run, report, watched->prober->redaction());
    co_return Asked{std::move(run), std::move(report), started};
}

void log_failure(const Target& target, std::string_view what, const Outcome& failure) {
    spdlog::info("target \"{}\": {}: {}/{}: {}", target.config.name, what, failure.phase,
                 failure.reason, failure.detail);
}

/// Whether a re-probe can go to another address than the probe before. The only one goes where the
/// failure was: another address may never have worked from here, or work while this one is down.
bool has_choice(const Watched& watched) {
    const Target& target = *watched.target;
    return target.config.confirmation.attempts > 1 && !target.host.empty() && !watched.addresses;
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
          Admission& admission, const ProbeSink& sink)
        : index_(index),
          loop_(fmt::format("probe-{}", index)),
          services_(loop_.executor(), blocking, options.services),
          sink_(sink),
          admission_(admission),
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
        auto watched = std::make_shared<Watched>(std::move(target));
        loop_.post([this, watched, promise] {
            tasks_.spawn(watched->target->config.name,
                         [this, watched, promise] { return run_alone(watched, promise); });
        });
    }

    [[nodiscard]] RunnerCounters counters() const {
        RunnerCounters counters{.skipped = {}, .in_flight = in_flight_, .targets = targets_};
        for (const SkipCause cause : kSkipCauses)
            counters.skipped[cause] = skipped_.at(static_cast<std::size_t>(cause));
        return counters;
    }

  private:
    asio::awaitable<void> keep_time();
    asio::awaitable<void> count_turns();
    void start_due();
    asio::awaitable<void> run_scheduled(std::shared_ptr<Watched> watched, SteadyTime scheduled);
    asio::awaitable<std::optional<Asked>> take_turn(std::shared_ptr<Watched> watched,
                                                    SteadyTime scheduled);
    asio::awaitable<std::optional<Asked>> probe_once(std::shared_ptr<Watched> watched,
                                                     runtime::AddressRules& rules,
                                                     Circumstances how);
    asio::awaitable<Asked> probe_counted(std::shared_ptr<Watched> watched,
                                         runtime::Services& services, Circumstances how);
    asio::awaitable<void> await_admission(Admission::Pass& pass, std::shared_ptr<Watched> watched);
    asio::awaitable<void> pause_until(Watched& watched, SteadyTime until);
    asio::awaitable<void> run_alone(std::shared_ptr<Watched> watched,
                                    std::shared_ptr<std::promise<ProbeRun>> promise);
    void take(std::vector<PreparedTarget> targets);
    std::shared_ptr<Watched> watch(PreparedTarget target);
    void publish_counters();

    int index_;
    runtime::Loop loop_;
    runtime::Services services_;
    const ProbeSink& sink_;
    Admission& admission_;
    Schedule schedule_;
    std::unordered_map<std::string, std::shared_ptr<Watched>> watched_;
    asio::steady_timer wakeup_;
    Turns turns_;
    asio::steady_timer next_turn_;
    std::array<std::atomic<std::uint64_t>, kSkipCauses.size()> skipped_{};
    std::atomic<std::uint64_t> in_flight_ = 0;
    std::atomic<std::uint64_t> targets_ = 0;
    bool stopped_ = false;
    /// Last: its tasks use all of the above.
    runtime::TaskGroup tasks_;
};

asio::awaitable<void> Runner::Shard::keep_time() {
    for (;;) {
        start_due();
        wakeup_.expires_at(schedule_.next_wakeup().value_or(SteadyTime::max()));
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
    for (DueJob& job : schedule_.pop_due(steady_now())) {
        std::shared_ptr<Watched> watched = watched_.at(job.key);
        tasks_.spawn(std::move(job.key), [this, watched, scheduled = job.scheduled] {
            return run_scheduled(watched, scheduled);
        });
    }
    publish_counters();
}

asio::awaitable<void> Runner::Shard::run_scheduled(std::shared_ptr<Watched> watched,
                                                   SteadyTime scheduled) {
    std::optional<Asked> told = co_await take_turn(watched, scheduled);
    schedule_.finished(watched->target->config.name);
    publish_counters();
    if (!told || !watched->current) co_return;
    if (const std::optional<Blip>& blip = told->run.blip) {
        log_failure(*watched->target, "a blip, the next probe is ok", blip->outcome);
    }
    ProbeRun& run = told->run;
    const std::string news = watched->certificates.observe(told->report, run.started_at);
    if (!news.empty()) spdlog::warn("target \"{}\": {}", watched->target->config.name, news);
    run.outcome.detail += watched->certificates.remark(run.outcome, run.started_at);
    add_samples(run, told->report, *watched->series);
    sink_.ran(std::move(told->run));
}

/// Probes until it is settled what is to be told; nothing where nobody waits for that any more.
asio::awaitable<std::optional<Asked>> Runner::Shard::take_turn(std::shared_ptr<Watched> watched,
                                                               SteadyTime scheduled) {
    Round round;
    runtime::AddressRules rules{.host = watched->target->host, .only = {}, .used = {}};
    // Probes that are due within a moment start together, some before their time.
    const auto late_by = [&](SteadyTime begun) {
        return std::max(begun - scheduled, SteadyTime::duration::zero());
    };
    // What waits for a limit is late, but no sign of a loop that cannot keep up.
    const Circumstances how{.lateness = late_by(steady_now()),
                            .interval = watched->target->config.interval};
    std::optional<std::chrono::nanoseconds> lateness;
    while (watched->current) {
        std::optional<Asked> asked = co_await probe_once(watched, rules, how);
        if (!asked) break;
        if (!lateness) lateness = late_by(asked->started);
        // Whether it recovers is seen where it is always asked.
        if (asked->run.outcome.verdict == Verdict::ok) rules.used.clear();
        const Judged judged = watched->confirmation.heard(asked->run.outcome.verdict, steady_now());
        std::optional<Asked> told = round.take(std::move(*asked), judged);
        if (told) {
            const std::optional<Blip>& first = round.first_failure();
            if (first && told->run.outcome.verdict == Verdict::unknown) {
                log_failure(*watched->target, "a failure could not be confirmed", first->outcome);
            }
            told->run.lateness = *lateness;
            co_return told;
        }
        while (watched->current && steady_now() < judged.at)
            co_await pause_until(*watched, judged.at);
    }
    co_return std::nullopt;
}

asio::awaitable<std::optional<Asked>> Runner::Shard::probe_once(std::shared_ptr<Watched> watched,
                                                                runtime::AddressRules& rules,
                                                                Circumstances how) {
    Admission::Pass pass(admission_, watched->way);
    if (!pass.enter()) co_await await_admission(pass, watched);
    if (!watched->current) co_return std::nullopt;
    std::optional<runtime::Services> choosing;
    if (has_choice(*watched)) choosing.emplace(services_, rules);
    Asked asked = co_await probe_counted(watched, choosing ? *choosing : services_, how);
    if (!watched->current) co_return std::nullopt;
    co_return asked;
}

asio::awaitable<Asked> Runner::Shard::probe_counted(std::shared_ptr<Watched> watched,
                                                    runtime::Services& services,
                                                    Circumstances how) {
    if (turns_.began(steady_now())) next_turn_.cancel();
    Asked asked = co_await probe(std::move(watched), services, turns_, how);
    turns_.ended();
    co_return asked;
}

asio::awaitable<void> Runner::Shard::await_admission(Admission::Pass& pass,
                                                     std::shared_ptr<Watched> watched) {
    const std::string& name = watched->target->config.name;
    pass.wait([this, weak = std::weak_ptr<Watched>(watched)] {
        loop_.post([weak] {
            if (const std::shared_ptr<Watched> waiting = weak.lock()) waiting->wake();
        });
    });
    while (watched->current) {
        const std::optional<SkipCause> cause = pass.waits_for();
        if (!cause) break;
        schedule_.held_up_by(name, *cause);
        co_await pause_until(*watched, SteadyTime::max());
    }
    schedule_.held_up_by(name, SkipCause::overrun);
}

/// Or until it is woken.
asio::awaitable<void> Runner::Shard::pause_until(Watched& watched, SteadyTime until) {
    asio::steady_timer timer(loop_.executor(), until);
    watched.pause = &timer;
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    watched.pause = nullptr;
    const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) runtime::throw_cancelled();
}

asio::awaitable<void> Runner::Shard::run_alone(std::shared_ptr<Watched> watched,
                                               std::shared_ptr<std::promise<ProbeRun>> promise) {
    Asked asked = co_await probe_counted(watched, services_, Circumstances());
    TargetSeries series(watched->target);
    add_samples(asked.run, asked.report, series);
    promise->set_value(std::move(asked.run));
}

std::shared_ptr<Watched> Runner::Shard::watch(PreparedTarget prepared) {
    auto fresh = std::make_shared<Watched>(std::move(prepared));
    const config::TargetConfig& config = fresh->target->config;
    fresh->way = admission_.way(fresh->target->host, config.prober, index_);
    const auto known = watched_.find(config.name);
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
            fresh->confirmation = old.confirmation;
            fresh->confirmation.change(config.confirmation);
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
        const auto kept = next.find(name);
        if (kept == next.end()) sink_.gone(old->target, old->series->end(wall_now()));
        old->current = kept != next.end() && kept->second == old;
        if (!old->current) old->wake();
    }
    watched_ = std::move(next);
    schedule_.replace(jobs, steady_now());
    publish_counters();
    wakeup_.cancel();
}

void Runner::Shard::publish_counters() {
    for (const SkipCause cause : kSkipCauses)
        skipped_.at(static_cast<std::size_t>(cause)) = schedule_.skipped()[cause];
    in_flight_ = schedule_.in_flight();
    targets_ = schedule_.size();
}

Runner::Runner(Options options, runtime::BlockingPool& blocking, ProbeSink sink)
    : sink_(std::make_unique<const ProbeSink>(std::move(sink))),
      admission_(std::make_unique<Admission>(options.limits, options.threads)) {
    PILOT_CHECK(options.threads >= 1);
    const ClockAnchor anchor{wall_now(), steady_now()};
    for (int i = 0; i < options.threads; ++i) {
        shards_.push_back(
            std::make_unique<Shard>(i, options, anchor, blocking, *admission_, *sink_));
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
    admission_->forget_unused();
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
        sum.skipped += each.skipped;
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

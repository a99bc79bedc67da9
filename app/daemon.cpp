#include "app/daemon.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <filesystem>
#include <future>
#include <iterator>
#include <thread>
#include <utility>

#include "alerting/change_sender.h"
#include "alerting/destinations.h"
#include "alerting/journal.h"
#include "alerting/outbox.h"
#include "app/data_folder.h"
#include "app/dead_man.h"
#include "app/delivery_metrics.h"
#include "app/discovery.h"
#include "app/engine.h"
#include "app/inventory.h"
#include "app/listener.h"
#include "app/live_site.h"
#include "app/load.h"
#include "app/log.h"
#include "app/probe_endpoint.h"
#include "app/pulse.h"
#include "app/settings.h"
#include "app/spare_memory.h"
#include "app/version.h"
#include "app/watchdog.h"
#include "config/config.h"
#include "core/check.h"
#include "exporters/self_metrics.h"
#include "probes/runner.h"
#include "runtime/blocking.h"
#include "runtime/file_watch.h"
#include "runtime/loop.h"
#include "runtime/services.h"

namespace pilotlight::app {
namespace {

namespace asio = boost::asio;

constexpr Duration kReloadPatience{20'000};
constexpr Duration kApplyPatience{10'000};
/// Nothing in it waits for anything: a start that takes longer is broken.
constexpr Duration kStartPatience{60'000};
/// An orderly end that takes longer names the step that hangs and ends without it.
constexpr Duration kStopPatience{10'000};
/// After a start or a reload, once the first probes are through.
constexpr Duration kQuietAfter{10'000};

std::vector<std::string> lines_of(const Errors& errors) {
    std::vector<std::string> lines;
    for (const Error& error : errors)
        lines.push_back(error.to_string());
    return lines;
}

}  // namespace

/// In the order of construction; the threads end in the reverse order, see stop().
struct Daemon::Parts {
    explicit Parts(DaemonOptions given) : options(std::move(given)) {}

    DaemonOptions options;
    std::optional<DataFolder> folder;
    exporters::SelfMetrics metrics{kVersion, kRevision};
    runtime::BlockingPool blocking;
    runtime::Loop engine_loop{"engine"};
    runtime::Loop delivery_loop{"delivery"};
    runtime::Loop control_loop{"control"};
    /// False before there is one and once it is stopping.
    std::atomic<bool> engine_runs = false;

    std::unique_ptr<alerting::Journal> journal;
    std::unique_ptr<runtime::Services> delivery_services;
    Pulse pulse;
    std::unique_ptr<Engine> engine;
    std::unique_ptr<alerting::Outbox> outbox;
    std::optional<alerting::Destinations> destinations;
    std::unique_ptr<DeadMan> dead_man;
    std::unique_ptr<alerting::ChangeSender> changes;
    std::unique_ptr<probes::Runner> runner;
    /// The runner once it runs, for other threads.
    std::atomic<probes::Runner*> counted_runner = nullptr;
    std::unique_ptr<ProbeEndpoint> probe_endpoint;
    std::unique_ptr<LiveSite> site;
    std::unique_ptr<Listener> listener;

    // The control loop's.
    std::unique_ptr<asio::signal_set> end_signals;
    std::unique_ptr<asio::signal_set> reload_signal;
    std::unique_ptr<runtime::FileWatch> watch;
    asio::steady_timer quiet{control_loop.executor()};
    std::unique_ptr<runtime::Services> control_services;
    std::unique_ptr<Discovery> discovery;
    /// What the configuration in force was read from.
    std::vector<std::string> watched;
    Inventory inventory;
    std::shared_ptr<const config::Config> config;
    std::shared_ptr<const config::Config> first_config;
    exporters::ReloadView reload_view;

    std::promise<void> quit_promise;
    std::future<void> quit_asked = quit_promise.get_future();
    std::atomic<bool> quitting = false;
    bool stopped = false;

    Checked<void> listen();
    std::vector<exporters::ExtraRoute> more_routes();
    void open_journal(Loaded& first);
    void know_discovered(Loaded& first, const std::vector<alerting::Record>& kept);
    void retarget();
    void start_heartbeat(const config::Config& first);
    void count_skips();
    void start_probes(Loaded& first);
    void catch_signals();
    void start_control(std::vector<std::string> read_files);
    void await_signals();
    void await_quiet();
    Errors reload();
    std::vector<std::string> reload_when_asked();
    void put_in_force(Loaded loaded);
    void publish_reload(const Errors& errors);
    void tell_of_change(const alerting::SharedRouting& routing, Inventory now);
    void quit();
    /// Runs it on the loop and waits for its end.
    static void join(runtime::Loop& loop, asio::awaitable<void> end);
    void stop();
};

Checked<std::unique_ptr<Daemon>> Daemon::start(DaemonOptions options) {
    // What it writes (alerts, what receivers are told) is for its own user.
    ::umask(0077);
    // A file that may not grow is a full disk, which is no reason to die.
    std::signal(SIGXFSZ, SIG_IGN);
    LoadResult result = load_everything(options.config);
    if (!result.loaded) return std::unexpected(std::move(result.loaded.error()));
    Loaded& first = *result.loaded;
    auto parts = std::make_unique<Parts>(std::move(options));
    parts->config = parts->first_config = first.config;
    parts->catch_signals();

    auto folder = DataFolder::take(parts->options.data_dir.value_or(first.config->data_dir));
    if (!folder) return std::unexpected(Errors{std::move(folder.error())});
    parts->folder.emplace(std::move(*folder));
    if (auto listening = parts->listen(); !listening) {
        return std::unexpected(std::move(listening.error()));
    }
    log_warnings(first.warnings);
    parts->inventory = inventory_of(first, result.watched);
    parts->open_journal(first);
    const std::size_t watching = first.targets.size();
    parts->start_probes(first);
    parts->start_control(std::move(result.watched));
    spdlog::info("watching {} targets with {} rule files; status page at {}", watching,
                 first.rule_files.size(), parts->listener->url());
    return std::unique_ptr<Daemon>(new Daemon(std::move(parts)));
}

Checked<void> Daemon::Parts::listen() {
    site =
        std::make_unique<LiveSite>(LiveSite::Parts{.engine_loop = engine_loop,
                                                   .engine = engine,
                                                   .engine_runs = engine_runs,
                                                   .metrics = metrics,
                                                   .reload = [this] { return reload_when_asked(); },
                                                   .quit = [this] { quit(); },
                                                   .extra_routes = more_routes()},
                                   first_config);
    auto started = Listener::start(*first_config, options.listen, site->site());
    if (!started) return std::unexpected(std::move(started.error()));
    listener = std::move(*started);
    return {};
}

std::vector<exporters::ExtraRoute> Daemon::Parts::more_routes() {
    probe_endpoint = std::make_unique<ProbeEndpoint>(ProbeEndpoint::Parts{
        .runner = [this] { return counted_runner.load(); },
        .host_names = host_names_of(*first_config),
        .full =
            [this](std::uint64_t count) { metrics.set_limit_reached("probe_endpoint", count); }});
    probe_endpoint->configure(first_config);
    std::vector<exporters::ExtraRoute> routes = probe_endpoint->routes();
    std::ranges::copy(options.extra_routes, std::back_inserter(routes));
    return routes;
}

void Daemon::Parts::open_journal(Loaded& first) {
    journal = std::make_unique<alerting::Journal>(folder->database());
    alerting::JournalContents contents = journal->take_contents();
    log_warnings(journal->take_warnings());
    log_warnings(contents.warnings);
    if (!contents.outbox.empty()) {
        spdlog::info("{} notifications of the last run wait to be sent", contents.outbox.size());
    }
    destinations.emplace(std::exchange(contents.destinations, {}));
    alerting::FollowedRenames renames = destinations->follow(contents, *first.routing);
    for (const alerting::Readdressed& entry : renames.told) {
        spdlog::info("{} is {} now: what it was told of goes on there", entry.from.to_string(),
                     entry.now.to.to_string());
    }
    journal->readdress(std::move(renames.told), std::move(renames.outbox));
    destinations->note(*first.routing, *journal);
    know_discovered(first, contents.discovered_targets);
    delivery_services = std::make_unique<runtime::Services>(delivery_loop.executor(), blocking);
    declare_receivers(metrics, *first.routing);
    engine_loop.start();
    delivery_loop.start();
    engine = std::make_unique<Engine>(Engine::Parts{.loop = engine_loop,
                                                    .metrics = metrics,
                                                    .journal = *journal,
                                                    .pulse = pulse,
                                                    .refresh_metrics = [this] { count_skips(); }},
                                      first);
    metrics.reload_finished(true, wall_now());
    const bool started = engine_loop.ask(
        [&] {
            // On the engine's loop, so that what the outbox settles at once is heard after start().
            alerting::OutboxObserver observer = counting_observer(metrics);
            observer.on_settled = [this](const alerting::Settlement& settlement) {
                engine_loop.post([this, settlement] { engine->settled(settlement); });
            };
            alerting::Outbox::Options options;
            options.next_sequence = contents.next_beyond_routes;
            options.dead = std::move(contents.dead);
            options.stranded = std::move(renames.stranded);
            outbox = std::make_unique<alerting::Outbox>(
                *journal, delivery_loop, *delivery_services, first.routing,
                std::move(contents.outbox), contents.told, std::move(observer), std::move(options));
            engine->start(first, std::move(contents), *outbox);
            reload_view = {.successful = true,
                           .last_attempt = wall_now(),
                           .last_success = wall_now(),
                           .errors = {}};
            engine->reload_ended(reload_view);
        },
        kStartPatience);
    PILOT_CHECK(started);
    engine_runs = true;
    start_heartbeat(*first.config);
    changes = std::make_unique<alerting::ChangeSender>(
        delivery_loop, *delivery_services,
        [](const std::string& line) { spdlog::warn("{}", line); });
}

/// Before the engine takes up its alerts: those of discovered targets go on from the beginning.
void Daemon::Parts::know_discovered(Loaded& first, const std::vector<alerting::Record>& kept) {
    control_services = std::make_unique<runtime::Services>(control_loop.executor(), blocking);
    discovery = std::make_unique<Discovery>(Discovery::Parts{.services = *control_services,
                                                             .journal = *journal,
                                                             .metrics = metrics,
                                                             .changed = [this] { retarget(); }},
                                            kept);
    discovery->configure(*first.config, std::move(first.discoverers));
    discovery->add_to(first.targets);
}

void Daemon::Parts::retarget() {
    auto targets = probes::prepare_targets(*config);
    PILOT_CHECK(targets.has_value());
    discovery->add_to(*targets);
    engine_loop.post([this, config = config, names = probes::shared_targets(*targets)] {
        engine->retarget(names, config->services);
    });
    runner->replace(std::move(*targets));
}

void Daemon::Parts::start_heartbeat(const config::Config& first) {
    if (first.dead_man) metrics.declare_dead_man();
    dead_man = std::make_unique<DeadMan>(
        delivery_loop, *delivery_services,
        [this](const config::DeadManConfig& to, SteadyTime now) {
            std::string trouble = pulse.trouble(now);
            const std::optional<SteadyTime> since = outbox->waiting_since();
            if (trouble.empty() && since && now - *since > to.patience) {
                trouble = fmt::format(
                    "a notification has waited for {} to be delivered",
                    format_duration(std::chrono::floor<std::chrono::seconds>(now - *since)));
            }
            return trouble;
        },
        [this](std::string_view result) { metrics.dead_man_beat(result); });
    dead_man->configure(first.dead_man);
}

void Daemon::Parts::count_skips() {
    const probes::Runner* const counting = counted_runner;
    if (counting == nullptr) return;
    const probes::SkipCounts skipped = counting->counters().skipped;
    for (const probes::SkipCause cause : probes::kSkipCauses)
        metrics.set_probes_skipped(probes::to_string(cause), skipped[cause]);
}

void Daemon::Parts::start_probes(Loaded& first) {
    for (const probes::ProberKind& kind : probes::prober_kinds()) {
        metrics.declare_prober(kind.name);
    }
    probes::ProbeSink sink;
    sink.ran = [this](probes::ProbeRun run) {
        auto shared = std::make_shared<const probes::ProbeRun>(std::move(run));
        engine_loop.post([this, shared] { engine->probe_ran(*shared); });
    };
    sink.gone = [this](probes::SharedTarget target, SharedBatch ends) {
        engine_loop.post([this, target = std::move(target), ends = std::move(ends)] {
            engine->target_gone(target, ends);
        });
    };
    runner =
        std::make_unique<probes::Runner>(runner_options(*first.config), blocking, std::move(sink));
    runner->replace(std::move(first.targets));
    counted_runner = runner.get();
}

void Daemon::Parts::catch_signals() {
    // Before anything else can be seen of the daemon: a signal that comes while it starts is kept
    // until somebody waits for it.
    end_signals = std::make_unique<asio::signal_set>(control_loop.executor(), SIGTERM, SIGINT);
    reload_signal = std::make_unique<asio::signal_set>(control_loop.executor(), SIGHUP);
}

void Daemon::Parts::start_control(std::vector<std::string> read_files) {
    watched = std::move(read_files);
    watch = std::make_unique<runtime::FileWatch>(
        control_loop.executor(), watched, [this](const std::vector<std::string>& paths) {
            spdlog::info("changed: {}", fmt::join(paths, ", "));
            reload();
        });
    await_signals();
    await_quiet();
    discovery->start();
    control_loop.start();
}

void Daemon::Parts::await_quiet() {
    quiet.expires_after(kQuietAfter);
    quiet.async_wait([](const boost::system::error_code& error) {
        if (!error) give_back_spare_memory();
    });
}

void Daemon::Parts::await_signals() {
    end_signals->async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) return;
        spdlog::info("{}: ending", signal == SIGTERM ? "SIGTERM" : "SIGINT");
        quit();
    });
    struct AwaitReload {
        Parts& parts;
        void operator()(const boost::system::error_code& error, int) const {
            if (error) return;
            spdlog::info("SIGHUP: reloading");
            parts.reload();
            parts.reload_signal->async_wait(*this);
        }
    };
    reload_signal->async_wait(AwaitReload{*this});
}

Errors Daemon::Parts::reload() {
    LoadResult result = load_everything(options.config);
    if (!result.loaded) {
        // Any of the files before may be the one that is mended next.
        result.watched.insert(result.watched.end(), watched.begin(), watched.end());
        watch->watch(std::move(result.watched));
        for (const Error& error : result.loaded.error())
            spdlog::error("{}", error.to_string());
        spdlog::error("the reload changed nothing: {} errors", result.loaded.error().size());
        publish_reload(result.loaded.error());
        return result.loaded.error();
    }
    watched = std::move(result.watched);
    watch->watch(watched);
    log_warnings(result.loaded->warnings);
    Inventory found = inventory_of(*result.loaded, watched);
    const alerting::SharedRouting routing = result.loaded->routing;
    put_in_force(std::move(*result.loaded));
    publish_reload({});
    tell_of_change(routing, std::move(found));
    await_quiet();
    spdlog::info("reloaded");
    return {};
}

std::vector<std::string> Daemon::Parts::reload_when_asked() {
    const auto errors = control_loop.ask([this] { return reload(); }, kReloadPatience);
    if (!errors) return {"the reload has not ended yet"};
    return lines_of(*errors);
}

void Daemon::Parts::put_in_force(Loaded loaded) {
    warn_of_next_start(*config, *loaded.config);
    config = loaded.config;
    site->configure(*config);
    probe_endpoint->configure(config);
    declare_receivers(metrics, *loaded.routing);
    destinations->note(*loaded.routing, *journal);
    discovery->configure(*config, std::move(loaded.discoverers));
    auto targets = std::move(loaded.targets);
    discovery->add_to(targets);
    const auto rules = Engine::compile(loaded, std::exchange(loaded.rule_files, {}));
    // The rules before are freed once who asked has the answer.
    control_loop.post([rules] {});
    const auto shared = std::make_shared<const Loaded>(std::move(loaded));
    const auto names =
        std::make_shared<const std::vector<probes::SharedTarget>>(probes::shared_targets(targets));
    // Together: what is decided by the new routes finds their receivers.
    const auto apply = [this, shared, rules, names] {
        outbox->configure(shared->routing);
        engine->apply(*shared, *rules, *names);
    };
    if (!engine_loop.ask(apply, kApplyPatience)) {
        spdlog::error("the engine has not taken the new configuration within {}",
                      format_duration(kApplyPatience));
    }
    runner->replace(std::move(targets));
    if (config->dead_man) metrics.declare_dead_man();
    dead_man->configure(config->dead_man);
}

void Daemon::Parts::publish_reload(const Errors& errors) {
    const WallTime now = wall_now();
    reload_view.successful = errors.empty();
    reload_view.last_attempt = now;
    if (errors.empty()) reload_view.last_success = now;
    reload_view.errors = lines_of(errors);
    metrics.reload_finished(errors.empty(), now);
    engine_loop.post([this, view = reload_view] { engine->reload_ended(view); });
}

void Daemon::Parts::tell_of_change(const alerting::SharedRouting& routing, Inventory now) {
    std::optional<alerting::ChangeEvent> change = difference(inventory, now);
    inventory = std::move(now);
    if (!change) return;
    change->at = wall_now();
    change->external_url = config->external_url;
    changes->tell(routing, std::move(*change));
}

void Daemon::Parts::quit() {
    if (!quitting.exchange(true)) quit_promise.set_value();
}

void Daemon::Parts::join(runtime::Loop& loop, asio::awaitable<void> end) {
    auto joined = std::make_shared<std::promise<void>>();
    asio::co_spawn(loop.executor(), std::move(end),
                   [joined](const std::exception_ptr&) { joined->set_value(); });
    joined->get_future().wait();
}

void Daemon::Parts::stop() {
    if (std::exchange(stopped, true)) return;
    Watchdog watchdog(kStopPatience);
    watchdog.entering("the listener");
    if (site != nullptr) site->stop();
    if (probe_endpoint != nullptr) probe_endpoint->stop();
    if (listener != nullptr) listener->stop();
    watchdog.entering("the control loop");
    control_loop.ask(
        [this] {
            watch.reset();
            quiet.cancel();
            end_signals.reset();
            reload_signal.reset();
        },
        kStopPatience);
    if (discovery != nullptr) join(control_loop, discovery->stop());
    control_loop.stop();
    control_loop.join();
    watchdog.entering("the probes");
    counted_runner = nullptr;
    if (runner != nullptr) runner->stop();
    watchdog.entering("the engine");
    engine_runs = false;
    if (engine != nullptr) engine_loop.ask([this] { engine->stop(); }, kStopPatience);
    watchdog.entering("the deliveries");
    if (dead_man != nullptr) join(delivery_loop, dead_man->stop());
    if (changes != nullptr) join(delivery_loop, changes->stop());
    if (outbox != nullptr) join(delivery_loop, outbox->stop());
    // Settlements of the last deliveries have been posted to the engine by now.
    engine_loop.stop();
    engine_loop.join();
    delivery_loop.stop();
    delivery_loop.join();
    watchdog.entering("the journal");
    engine.reset();
    changes.reset();
    dead_man.reset();
    outbox.reset();
    discovery.reset();
    journal.reset();
}

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Daemon::~Daemon() {
    stop();
}

void Daemon::wait() {
    parts_->quit_asked.wait();
}

void Daemon::quit() {
    parts_->quit();
}

void Daemon::stop() {
    parts_->stop();
}

int Daemon::port() const {
    return parts_->listener->port();
}

}  // namespace pilotlight::app

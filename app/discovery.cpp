#include "app/discovery.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <set>

#include "app/discovered_targets.h"
#include "core/hash.h"
#include "probes/discoverer.h"
#include "probes/schedule.h"
#include "runtime/task_group.h"
#include "runtime/wait.h"

namespace asio = boost::asio;

namespace pilotlight::app {
namespace {

using config::DiscoveredTarget;

constexpr Duration kPatience = std::chrono::seconds(30);
/// Sources that answer together change the targets once.
constexpr Duration kTogether{50};
constexpr std::size_t kAskedAtOnce = 64;
constexpr std::size_t kLinesAtOnce = 20;
constexpr std::size_t kLabelBytesMax = 200;

struct Source {
    std::string name;
    /// Of what it asks: what it said belongs to that.
    std::string key;
    /// Of what it asks and how: another one begins anew.
    std::string job;
    std::unique_ptr<probes::Discoverer> discoverer;
    Duration interval{};
    config::TargetPattern pattern;
    std::vector<DiscoveredTarget> known;
    bool is_known = false;
    std::uint64_t failures = 0;
    /// Why it failed last; "" after an answer.
    std::string trouble;
};
using SharedSource = std::shared_ptr<Source>;

/// What tells sources of one name apart; a login that is changed makes no other source.
std::uint64_t hash_of_question(const config::DiscoveryConfig& config) {
    if (const auto* dns = std::get_if<config::DnsDiscovery>(&config.source)) {
        return hash_bytes(fmt::format("{}:{}", dns->type, dns->port));
    }
    const std::string& url = std::get<config::HttpDiscovery>(config.source).url.reveal();
    const std::size_t query = url.find('?');
    return hash_bytes(query == std::string::npos ? "" : url.substr(query));
}

std::string_view name_in(std::string_view key) {
    return key.substr(0, key.rfind(" #"));
}

/// Short enough for a label; cut between characters.
std::string label_of(const std::string& name) {
    if (name.size() <= kLabelBytesMax) return name;
    std::size_t end = kLabelBytesMax;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0U) == 0x80U)
        --end;
    return name.substr(0, end);
}

asio::awaitable<Result<std::vector<DiscoveredTarget>>> ask(SharedSource source,
                                                           runtime::Services& services,
                                                           runtime::Deadline deadline) {
    std::string escaped;
    try {
        auto answer = co_await source->discoverer->ask(services, deadline);
        co_return answer;
    } catch (const std::exception& error) {
        if (runtime::is_cancellation()) throw;
        escaped = error.what();
    }
    co_return fail(escaped);
}

}  // namespace

struct Discovery::State {
    State(Parts given, const std::vector<alerting::Record>& records);

    Parts parts;
    /// Of the configuration in force, in its order.
    std::vector<SharedSource> sources;
    /// What sources of before the start said, by key.
    std::map<std::string, std::vector<DiscoveredTarget>> kept;
    config::Limits limits;
    probes::Schedule schedule;
    asio::steady_timer wakeup;
    /// When a change is told.
    std::optional<SteadyTime> tell_at;
    std::set<std::string> left_out;
    /// Last: its tasks use all of the above.
    runtime::TaskGroup tasks;

    SharedSource make_source(const config::DiscoveryConfig& config,
                             std::unique_ptr<probes::Discoverer> discoverer,
                             const std::vector<SharedSource>& before) const;
    void take_known(Source& source, std::vector<SharedSource>& before);
    void forget_others();
    asio::awaitable<void> keep_time();
    void ask_due();
    asio::awaitable<void> ask_one(SharedSource source);
    bool is_current(const SharedSource& source) const;
    void answered(Source& source, std::vector<DiscoveredTarget> targets);
    void failed(Source& source, const std::string& why);
    void show() const;
};

Discovery::State::State(Parts given, const std::vector<alerting::Record>& records)
    : parts(std::move(given)),
      schedule({wall_now(), steady_now()}, Duration(1)),
      wakeup(parts.services.executor()),
      tasks(parts.services.executor()) {
    for (const alerting::Record& record : records) {
        auto targets = targets_from(record);
        if (targets) {
            kept.emplace(record.key, std::move(*targets));
        } else {
            spdlog::warn("the journal's list of discovered targets cannot be read: {}",
                         targets.error().message);
        }
    }
}

/// The one of before where it asks the same.
SharedSource Discovery::State::make_source(const config::DiscoveryConfig& config,
                                           std::unique_ptr<probes::Discoverer> discoverer,
                                           const std::vector<SharedSource>& before) const {
    auto source = std::make_shared<Source>();
    source->name = discoverer->name();
    source->key = fmt::format("{} #{:016x}", source->name, hash_of_question(config));
    source->interval = config.refresh_interval;
    source->discoverer = std::move(discoverer);
    const auto has_key = [&](const SharedSource& other) { return other->key == source->key; };
    // An entry that is there twice differs in what becomes of its targets.
    while (std::ranges::any_of(sources, has_key))
        source->key += "+";
    source->job = fmt::format("{} {:016x}", source->key, probes::fingerprint_of(config));
    const auto same = std::ranges::find(before, source->job, &Source::job);
    return same == before.end() ? source : *same;
}

/// Of the same question before, or else of one that had the same name and is asked no more: a token
/// in a URL's query may have been renewed.
void Discovery::State::take_known(Source& source, std::vector<SharedSource>& before) {
    if (source.is_known) return;
    const auto is_free = [&](const std::string& key) {
        return name_in(key) == source.name &&
               std::ranges::none_of(sources, [&](const auto& each) { return each->key == key; });
    };
    const auto take = [&](std::vector<DiscoveredTarget>& targets) {
        source.known = std::move(targets);
        source.is_known = true;
        parts.journal.write_records(alerting::RecordTable::discovered_targets,
                                    {record_of(source.key, source.known)}, {});
    };
    for (const bool exactly : {true, false}) {
        const auto fits = [&](const std::string& key) {
            return exactly ? key == source.key : is_free(key);
        };
        for (const SharedSource& other : before) {
            if (other->is_known && fits(other->key) && other.get() != &source) {
                source.failures = other->failures;
                other->is_known = false;
                return take(other->known);
            }
        }
        for (auto& [key, targets] : kept) {
            if (!fits(key)) continue;
            take(targets);
            kept.erase(key);
            return;
        }
    }
}

/// Removes from the journal what no source has said.
void Discovery::State::forget_others() {
    std::vector<std::string> gone;
    for (const auto& [key, targets] : kept)
        gone.push_back(key);
    kept.clear();
    if (gone.empty()) return;
    parts.journal.write_records(alerting::RecordTable::discovered_targets, {}, std::move(gone));
}

asio::awaitable<void> Discovery::State::keep_time() {
    for (;;) {
        ask_due();
        if (tell_at && steady_now() >= *tell_at) {
            tell_at.reset();
            parts.changed();
        }
        SteadyTime next = schedule.next_wakeup().value_or(SteadyTime::max());
        if (schedule.in_flight() >= kAskedAtOnce) next = SteadyTime::max();
        wakeup.expires_at(std::min(next, tell_at.value_or(SteadyTime::max())));
        co_await wakeup.async_wait(asio::as_tuple(asio::use_awaitable));
        const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != asio::cancellation_type::none) co_return;
    }
}

void Discovery::State::ask_due() {
    if (schedule.in_flight() >= kAskedAtOnce) return;
    const std::size_t room = kAskedAtOnce - schedule.in_flight();
    for (const probes::DueJob& job : schedule.pop_due(steady_now(), room)) {
        const auto source = std::ranges::find(sources, job.key, &Source::job);
        tasks.spawn((*source)->name, [this, asked = *source] { return ask_one(asked); });
    }
}

asio::awaitable<void> Discovery::State::ask_one(SharedSource source) {
    const auto deadline = runtime::Deadline::in(std::min(source->interval, kPatience));
    auto answer = co_await ask(source, parts.services, deadline);
    schedule.finished(source->job);
    wakeup.cancel();
    // A reload may have removed or changed the source meanwhile.
    if (!is_current(source)) co_return;
    if (answer) {
        answered(*source, in_order(std::move(*answer)));
    } else {
        failed(*source, answer.error().message);
    }
    show();
}

bool Discovery::State::is_current(const SharedSource& source) const {
    return std::ranges::find(sources, source) != sources.end();
}

void Discovery::State::answered(Source& source, std::vector<DiscoveredTarget> targets) {
    if (!source.trouble.empty()) spdlog::info("{} answers again", source.name);
    source.trouble.clear();
    if (source.is_known && is_same(source.known, targets)) return;
    spdlog::info("{} has {} targets", source.name, targets.size());
    source.known = std::move(targets);
    source.is_known = true;
    parts.journal.write_records(alerting::RecordTable::discovered_targets,
                                {record_of(source.key, source.known)}, {});
    if (!tell_at) tell_at = steady_now() + kTogether;
}

void Discovery::State::failed(Source& source, const std::string& why) {
    ++source.failures;
    if (source.trouble == why) return;
    source.trouble = why;
    spdlog::warn("{}: {}; its {} targets are kept", source.name, why, source.known.size());
}

void Discovery::State::show() const {
    std::vector<exporters::DiscoverySource> shown;
    for (const SharedSource& source : sources)
        shown.push_back({label_of(source->name), source->known.size(), source->failures});
    parts.metrics.set_discovery(std::move(shown));
}

Discovery::Discovery(Parts parts, const std::vector<alerting::Record>& kept)
    : state_(std::make_unique<State>(std::move(parts), kept)) {}

Discovery::~Discovery() = default;

void Discovery::configure(const config::Config& config, Discoverers discoverers) {
    State& state = *state_;
    std::vector<SharedSource> before = std::exchange(state.sources, {});
    std::vector<probes::Job> jobs;
    for (std::size_t i = 0; i < config.discoveries.size(); ++i) {
        const config::DiscoveryConfig& each = config.discoveries[i];
        SharedSource source = state.make_source(each, std::move(discoverers[i]), before);
        source->pattern = each.pattern;
        jobs.push_back({source->job, source->interval});
        state.sources.push_back(std::move(source));
    }
    for (const SharedSource& source : state.sources)
        state.take_known(*source, before);
    for (const SharedSource& source : before) {
        const bool stays =
            std::ranges::find(state.sources, source->key, &Source::key) != state.sources.end();
        if (!stays) state.kept.try_emplace(source->key);
    }
    state.forget_others();
    state.limits = config.limits;
    state.schedule.replace(jobs, steady_now());
    state.tell_at.reset();
    state.wakeup.cancel();
    state.show();
}

void Discovery::add_to(std::vector<probes::PreparedTarget>& targets) {
    std::vector<SourceTargets> sources;
    for (const SharedSource& source : state_->sources)
        sources.push_back({source->name, source->pattern, source->known});
    const std::vector<std::string> lines = add_discovered(sources, state_->limits, targets);
    std::set<std::string> left_out(lines.begin(), lines.end());
    std::size_t said = 0;
    for (const std::string& line : left_out) {
        if (state_->left_out.contains(line)) continue;
        if (++said <= kLinesAtOnce) spdlog::warn("{}", line);
    }
    if (said > kLinesAtOnce) {
        spdlog::warn("{} more discovered targets are left out", said - kLinesAtOnce);
    }
    state_->left_out = std::move(left_out);
}

void Discovery::start() {
    state_->tasks.spawn("discovery", [this] { return state_->keep_time(); });
}

asio::awaitable<void> Discovery::stop() {
    return state_->tasks.cancel_and_join();
}

}  // namespace pilotlight::app

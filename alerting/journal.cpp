#include "alerting/journal.h"

#include <fmt/format.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "alerting/database.h"
#include "alerting/journal_file.h"
#include "alerting/journal_schema.h"
#include "alerting/journal_writes.h"

namespace pilotlight::alerting {
namespace {

using Outcome = Database::Outcome<void>;
using Write = std::function<Outcome(Database&)>;

/// More in one transaction would make the first of them wait for the last.
constexpr std::size_t kBatchMax = 1'000;
constexpr auto kPurgeEvery = std::chrono::hours(1);

struct Request {
    Write write;
    Journal::Done done;
};

}  // namespace

struct Journal::State {
    std::string path;
    Options options;
    std::unique_ptr<Database> database;
    JournalContents contents;
    /// Guarded: the thread may begin a new database later.
    Errors warnings;
    std::vector<std::string> losses;

    mutable std::mutex mutex;
    std::condition_variable woken;
    std::condition_variable idle;
    std::deque<Request> queue;
    bool stopping = false;
    bool working = false;
    Stats stats;

    /// Writes that failed, in order. Only the thread's.
    std::deque<Write> backlog;
    SteadyTime next_try{};
    SteadyTime next_purge{};
    std::thread thread;

    void open_first();
    Outcome ensure_open();
    Outcome open_whole();
    Outcome begin_anew(const Database::Failure& why);
    void run();
    void work(std::vector<Request> batch);
    Outcome write_all(const std::vector<Request>& batch);
    void write_one_by_one(std::vector<Request>& batch);
    void keep_for_later(std::vector<Request>& batch, const Database::Failure& failure);
    void answer(const std::vector<Request>& batch, const Result<void>& result);
    void warn(std::string message);
    void note_failure(const Database::Failure& failure);
    void note_success(std::size_t requests);
    void purge();
    void ask(Write write, Done done);
};

Journal::Journal(std::string path) : Journal(std::move(path), Options()) {}

Journal::Journal(std::string path, Options options) : state_(std::make_unique<State>()) {
    state_->path = std::move(path);
    state_->options = std::move(options);
    state_->open_first();
    state_->next_purge = steady_now() + kPurgeEvery;
    state_->thread = std::thread([state = state_.get()] { state->run(); });
    pthread_setname_np(state_->thread.native_handle(), "journal");
}

Journal::~Journal() {
    {
        const std::scoped_lock lock(state_->mutex);
        state_->stopping = true;
    }
    state_->woken.notify_all();
    state_->thread.join();
}

void Journal::State::open_first() {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
    const auto opened = ensure_open();
    if (!opened) {
        note_failure(opened.error());
        warn(fmt::format("the journal {} cannot be opened ({}); going on without it", path,
                         opened.error().message));
        return;
    }
    auto read = read_contents(*database);
    if (!read && read.error().trouble == Database::Trouble::corrupt) {
        // Whole as a file, but not what it holds.
        database.reset();
        if (begin_anew(read.error())) read = JournalContents();
    }
    if (!read) {
        note_failure(read.error());
        warn(fmt::format("the journal {} cannot be read ({})", path, read.error().message));
        return;
    }
    contents = std::move(*read);
}

void Journal::State::warn(std::string message) {
    const std::scoped_lock lock(mutex);
    warnings.emplace_back(std::move(message));
}

Outcome Journal::State::open_whole() {
    auto opened = Database::open(path);
    if (!opened) return std::unexpected(opened.error());
    auto migrated = migrate(**opened);
    if (!migrated) return migrated;
    database = std::move(*opened);
    return {};
}

Outcome Journal::State::ensure_open() {
    if (database != nullptr) return {};
    auto opened = open_whole();
    if (opened) return opened;
    const bool is_lost =
        opened.error().trouble == Database::Trouble::corrupt || is_unreadable(path);
    return is_lost ? begin_anew(opened.error()) : opened;
}

Outcome Journal::State::begin_anew(const Database::Failure& why) {
    const auto aside = set_aside(path);
    if (!aside) {
        return std::unexpected(
            Database::Failure{Database::Trouble::cannot_write, aside.error().message});
    }
    warn(fmt::format(
        "the journal {} cannot be used ({}); it was set aside as {}, a new one is begun", path,
        why.message, *aside));
    {
        const std::scoped_lock lock(mutex);
        losses.push_back(fmt::format("{} could not be used ({}) and was set aside as {}", path,
                                     why.message, *aside));
    }
    return open_whole();
}

void Journal::State::run() {
    std::unique_lock lock(mutex);
    for (;;) {
        const auto has_work = [&] { return !queue.empty() || stopping; };
        const SteadyTime wake = backlog.empty() ? next_purge : next_try;
        woken.wait_until(lock, wake, has_work);
        std::vector<Request> batch;
        while (!queue.empty() && batch.size() < kBatchMax) {
            batch.push_back(std::move(queue.front()));
            queue.pop_front();
        }
        const bool last = stopping && queue.empty();
        working = true;
        lock.unlock();
        if (last) next_try = {};
        work(std::move(batch));
        lock.lock();
        working = false;
        if (queue.empty()) idle.notify_all();
        if (last && queue.empty()) return;
    }
}

void Journal::State::work(std::vector<Request> batch) {
    if (steady_now() >= next_purge) purge();
    if (batch.empty() && backlog.empty()) return;
    if (!backlog.empty() && steady_now() < next_try) {
        // The disk has just failed: answering at once beats asking it again for each request.
        keep_for_later(batch, {Database::Trouble::cannot_write, "the disk has failed before"});
        return;
    }
    const auto written = write_all(batch);
    if (written) {
        note_success(batch.size() + backlog.size());
        backlog.clear();
        answer(batch, {});
        return;
    }
    note_failure(written.error());
    using Trouble = Database::Trouble;
    if (written.error().trouble == Trouble::other) {
        write_one_by_one(batch);
        return;
    }
    if (written.error().trouble == Trouble::corrupt) database.reset();
    keep_for_later(batch, written.error());
}

Outcome Journal::State::write_all(const std::vector<Request>& batch) {
    auto done = ensure_open();
    if (!done) return done;
    done = database->begin();
    if (!done) return done;
    for (const Write& write : backlog) {
        if (done) done = write(*database);
    }
    for (const Request& request : batch) {
        if (done) done = request.write(*database);
    }
    if (options.before_commit) options.before_commit();
    if (done) done = database->commit();
    if (!done && database != nullptr) database->rollback();
    return done;
}

void Journal::State::write_one_by_one(std::vector<Request>& batch) {
    // One of them cannot ever be written; it must not take the others along.
    std::vector<Request> all;
    for (Write& write : backlog)
        all.push_back({std::move(write), {}});
    backlog.clear();
    for (Request& request : batch)
        all.push_back(std::move(request));
    for (Request& request : all) {
        std::vector<Request> one;
        one.push_back(std::move(request));
        const auto written = write_all(one);
        if (written) {
            note_success(1);
            answer(one, {});
        } else if (written.error().trouble == Database::Trouble::other) {
            note_failure(written.error());
            answer(one, fail(written.error().message));
        } else {
            keep_for_later(one, written.error());
        }
    }
}

void Journal::State::keep_for_later(std::vector<Request>& batch, const Database::Failure& failure) {
    const bool was_empty = backlog.empty();
    for (Request& request : batch)
        backlog.push_back(std::move(request.write));
    std::uint64_t dropped = 0;
    while (backlog.size() > kBacklogMax) {
        backlog.pop_front();
        ++dropped;
    }
    if (was_empty || steady_now() >= next_try) next_try = steady_now() + options.retry_every;
    // A damaged database has been let go of; the next try begins a new one, so it need not wait.
    if (failure.trouble == Database::Trouble::corrupt) next_try = steady_now();
    {
        const std::scoped_lock lock(mutex);
        stats.backlog = backlog.size();
        stats.dropped += dropped;
    }
    // Last, so that whoever hears of it finds it counted.
    answer(batch, fail(fmt::format("journal: {}", failure.message)));
}

void Journal::State::answer(const std::vector<Request>& batch, const Result<void>& result) {
    for (const Request& request : batch) {
        if (request.done) request.done(result);
    }
}

void Journal::State::note_failure(const Database::Failure& failure) {
    const std::scoped_lock lock(mutex);
    ++stats.failures;
    stats.last_error = failure.message;
}

void Journal::State::note_success(std::size_t requests) {
    const std::scoped_lock lock(mutex);
    ++stats.commits;
    stats.requests += requests;
    stats.backlog = 0;
    stats.last_error.clear();
}

void Journal::State::purge() {
    next_purge = steady_now() + kPurgeEvery;
    if (database == nullptr) return;
    const auto purged = remove_settled(*database, wall_now() - options.keep_settled);
    if (!purged) note_failure(purged.error());
}

void Journal::State::ask(Write write, Done done) {
    {
        const std::scoped_lock lock(mutex);
        queue.push_back({std::move(write), std::move(done)});
    }
    woken.notify_one();
}

JournalContents Journal::take_contents() {
    return std::exchange(state_->contents, {});
}

Errors Journal::take_warnings() {
    const std::scoped_lock lock(state_->mutex);
    return std::exchange(state_->warnings, {});
}

std::vector<std::string> Journal::take_losses() {
    const std::scoped_lock lock(state_->mutex);
    return std::exchange(state_->losses, {});
}

void Journal::record(std::vector<Notification> notifications, Done done) {
    auto shared = std::make_shared<const std::vector<Notification>>(std::move(notifications));
    state_->ask([shared](Database& database) { return write_notifications(database, *shared); },
                std::move(done));
}

void Journal::note_attempt(std::uint64_t sequence, int attempts, WallTime next_attempt_at,
                           std::string reason, Done done) {
    state_->ask(
        [=, reason = std::move(reason)](Database& database) {
            return write_attempt(database, sequence, attempts, next_attempt_at, reason);
        },
        std::move(done));
}

void Journal::remember(Address to, std::string group_key, std::string memory, Done done) {
    state_->ask([to = std::move(to), group_key = std::move(group_key), memory = std::move(memory)](
                    Database& database) { return write_memory(database, to, group_key, memory); },
                std::move(done));
}

void Journal::settle(Settlement settlement, Done done) {
    state_->ask([settlement = std::move(settlement)](
                    Database& database) { return write_settlement(database, settlement); },
                std::move(done));
}

void Journal::supersede(Settlement settlement, Notification merged, Done done) {
    state_->ask(
        [settlement = std::move(settlement),
         merged = std::move(merged)](Database& database) -> Outcome {
            auto written = write_settlement(database, settlement);
            return written ? write_merged(database, merged) : written;
        },
        std::move(done));
}

void Journal::readdress(std::vector<Readdressed> told, std::vector<Readdressed> outbox, Done done) {
    state_->ask([told = std::move(told), outbox = std::move(outbox)](
                    Database& database) { return write_readdressed(database, told, outbox); },
                std::move(done));
}

void Journal::forget(std::vector<Told> entries, Done done) {
    state_->ask([entries = std::move(entries)](
                    Database& database) { return remove_told(database, entries); },
                std::move(done));
}

void Journal::write_alerts(std::vector<AlertRow> written, std::vector<std::string> removed,
                           Done done) {
    write_records(RecordTable::alert_records, std::move(written), std::move(removed),
                  std::move(done));
}

void Journal::write_records(RecordTable table, std::vector<Record> written,
                            std::vector<std::string> removed, Done done) {
    state_->ask(
        [table, written = std::move(written), removed = std::move(removed)](Database& database) {
            return alerting::write_records(database, table, written, removed);
        },
        std::move(done));
}

void Journal::append_events(std::vector<Event> events, Done done) {
    state_->ask(
        [events = std::move(events)](Database& database) { return write_events(database, events); },
        std::move(done));
}

Journal::Stats Journal::stats() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->stats;
}

bool Journal::healthy() const {
    return stats().last_error.empty();
}

void Journal::flush() {
    std::unique_lock lock(state_->mutex);
    state_->idle.wait(lock, [&] { return state_->queue.empty() && !state_->working; });
}

}  // namespace pilotlight::alerting

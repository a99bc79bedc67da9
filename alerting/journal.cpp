#include "alerting/journal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "alerting/database.h"
#include "alerting/journal_schema.h"
#include "core/check.h"

namespace pilotlight::alerting {
namespace {

using Outcome = Database::Outcome<void>;
using Value = Database::Value;
using Write = std::function<Outcome(Database&)>;

/// More in one transaction would make the first of them wait for the last.
constexpr std::size_t kBatchMax = 1'000;
constexpr auto kPurgeEvery = std::chrono::hours(1);

struct Request {
    Write write;
    Journal::Done done;
};

Value of(WallTime time) {
    return static_cast<std::int64_t>(time.time_since_epoch().count());
}

Value of(std::uint64_t number) {
    return static_cast<std::int64_t>(number);
}

Value of(int number) {
    return static_cast<std::int64_t>(number);
}

Outcome write_notification(Database& database, const Notification& notification) {
    const std::string json = to_json(notification);
    const Address& to = notification.to;
    auto written = database.run(
        "INSERT OR REPLACE INTO outbox (sequence, receiver, integration, integration_index, "
        "group_key, dedup_key, status, notification, decided_at, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {of(notification.sequence), to.receiver, to.integration, of(to.index),
         notification.group_key, notification.dedup_key,
         std::string(to_string(notification.status())), json, of(notification.decided_at),
         of(wall_now())});
    if (!written) return written;
    return database.run(
        "INSERT INTO told (receiver, integration, integration_index, group_key, sequence, "
        "notification) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET sequence = excluded.sequence, "
        "notification = excluded.notification, failed = 0",
        {to.receiver, to.integration, of(to.index), notification.group_key,
         of(notification.sequence), json});
}

Outcome write_settlement(Database& database, const Settlement& settlement) {
    const Address& to = settlement.to;
    auto written = database.run(
        "UPDATE outbox SET state = ?, settled_at = ?, last_reason = ? WHERE sequence = ?",
        {std::string(to_string(settlement.outcome)), of(settlement.at), settlement.reason,
         of(settlement.sequence)});
    if (!written) return written;
    if (settlement.outcome == Settlement::Outcome::delivered) {
        const Value memory = settlement.memory ? Value(*settlement.memory) : Value();
        return database.run(
            "UPDATE told SET delivered_at = ?, open = ?, memory = coalesce(?, memory) "
            "WHERE receiver = ? AND integration = ? AND integration_index = ? AND group_key = ?",
            {of(settlement.at), of(settlement.status == Status::firing ? 1 : 0), memory,
             to.receiver, to.integration, of(to.index), settlement.group_key});
    }
    if (settlement.outcome == Settlement::Outcome::dead) {
        return database.run(
            "UPDATE told SET failed = 1 WHERE receiver = ? AND integration = ? "
            "AND integration_index = ? AND group_key = ? AND sequence = ?",
            {to.receiver, to.integration, of(to.index), settlement.group_key,
             of(settlement.sequence)});
    }
    return {};
}

struct RecordStatements {
    const char* put;
    const char* remove;
};

const RecordStatements& statements_of(RecordTable table) {
    static constexpr RecordStatements kAlertRecords{
        "INSERT INTO alert_records (key, record) VALUES (?, ?) "
        "ON CONFLICT DO UPDATE SET record = excluded.record",
        "DELETE FROM alert_records WHERE key = ?"};
    static constexpr RecordStatements kOutsideAlerts{
        "INSERT INTO outside_alerts (key, record) VALUES (?, ?) "
        "ON CONFLICT DO UPDATE SET record = excluded.record",
        "DELETE FROM outside_alerts WHERE key = ?"};
    static constexpr RecordStatements kSilences{
        "INSERT INTO silences (id, record) VALUES (?, ?) "
        "ON CONFLICT DO UPDATE SET record = excluded.record",
        "DELETE FROM silences WHERE id = ?"};
    static constexpr RecordStatements kDestinations{
        "INSERT INTO destinations (address, digest) VALUES (?, ?) "
        "ON CONFLICT DO UPDATE SET digest = excluded.digest",
        "DELETE FROM destinations WHERE address = ?"};
    switch (table) {
        case RecordTable::alert_records:
            return kAlertRecords;
        case RecordTable::outside_alerts:
            return kOutsideAlerts;
        case RecordTable::silences:
            return kSilences;
        case RecordTable::destinations:
            return kDestinations;
    }
    PILOT_CHECK(false);
}

std::string time_stamp(WallTime now) {
    // 2026-01-02T03:04:05.678Z without what file names had better not have.
    std::string stamp = format_time(now);
    std::erase_if(stamp, [](char c) { return c == ':' || c == '-'; });
    return stamp;
}

/// What no waiting will mend: something that is no file, or a file of somebody else's. A full disk
/// is neither.
bool is_unreadable(const std::string& path) {
    std::error_code failed;
    const auto status = std::filesystem::status(path, failed);
    if (!std::filesystem::exists(status)) return false;
    return !std::filesystem::is_regular_file(status) || ::access(path.c_str(), R_OK | W_OK) != 0;
}

/// Moves the database and its two companions out of the way.
Result<std::string> set_aside(const std::string& path) {
    const std::string aside = fmt::format("{}.set-aside-{}", path, time_stamp(wall_now()));
    std::error_code failed;
    std::filesystem::rename(path, aside, failed);
    if (failed) return fail(fmt::format("renaming {}: {}", path, failed.message()));
    for (const char* companion : {"-wal", "-shm"}) {
        std::filesystem::rename(path + companion, aside + companion, failed);
    }
    return aside;
}

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
    answer(batch, fail(fmt::format("journal: {}", failure.message)));
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
    const std::scoped_lock lock(mutex);
    stats.backlog = backlog.size();
    stats.dropped += dropped;
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
    const auto purged =
        database->run("DELETE FROM outbox WHERE state <> 'pending' AND settled_at < ?",
                      {of(wall_now() - options.keep_settled)});
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
    state_->ask(
        [shared](Database& database) -> Outcome {
            for (const Notification& notification : *shared) {
                auto written = write_notification(database, notification);
                if (!written) return written;
            }
            return {};
        },
        std::move(done));
}

void Journal::note_attempt(std::uint64_t sequence, int attempts, WallTime next_attempt_at,
                           std::string reason, Done done) {
    state_->ask(
        [=, reason = std::move(reason)](Database& database) {
            return database.run(
                "UPDATE outbox SET attempts = ?, next_attempt_at = ?, last_reason = ? "
                "WHERE sequence = ?",
                {of(attempts), of(next_attempt_at), reason, of(sequence)});
        },
        std::move(done));
}

void Journal::remember(Address to, std::string group_key, std::string memory, Done done) {
    state_->ask(
        [to = std::move(to), group_key = std::move(group_key),
         memory = std::move(memory)](Database& database) {
            return database.run(
                "UPDATE told SET memory = ? WHERE receiver = ? AND integration = ? "
                "AND integration_index = ? AND group_key = ?",
                {memory, to.receiver, to.integration, of(to.index), group_key});
        },
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
            if (!written) return written;
            return database.run(
                "UPDATE outbox SET notification = ?, status = ? WHERE sequence = ?",
                {to_json(merged), std::string(to_string(merged.status())), of(merged.sequence)});
        },
        std::move(done));
}

void Journal::readdress(std::vector<Readdressed> told, std::vector<Readdressed> outbox, Done done) {
    state_->ask(
        [told = std::move(told), outbox = std::move(outbox)](Database& database) -> Outcome {
            for (const auto& [from, group_key, now] : told) {
                auto written = database.run(
                    "UPDATE OR REPLACE told SET receiver = ?, integration = ?, "
                    "integration_index = ?, group_key = ?, notification = ? WHERE receiver = ? AND "
                    "integration = ? AND integration_index = ? AND group_key = ?",
                    {now.to.receiver, now.to.integration, of(now.to.index), now.group_key,
                     to_json(now), from.receiver, from.integration, of(from.index), group_key});
                if (!written) return written;
            }
            for (const auto& [from, group_key, now] : outbox) {
                auto written = database.run(
                    "UPDATE outbox SET receiver = ?, integration = ?, integration_index = ?, "
                    "group_key = ?, notification = ? WHERE sequence = ? AND state = 'pending'",
                    {now.to.receiver, now.to.integration, of(now.to.index), now.group_key,
                     to_json(now), of(now.sequence)});
                if (!written) return written;
            }
            return {};
        },
        std::move(done));
}

void Journal::forget(std::vector<Told> entries, Done done) {
    state_->ask(
        [entries = std::move(entries)](Database& database) -> Outcome {
            for (const Told& entry : entries) {
                const Address& to = entry.last.to;
                auto written = database.run(
                    "DELETE FROM told WHERE receiver = ? AND integration = ? AND "
                    "integration_index = ? AND group_key = ?",
                    {to.receiver, to.integration, of(to.index), entry.last.group_key});
                if (!written) return written;
            }
            return {};
        },
        std::move(done));
}

void Journal::write_alerts(std::vector<AlertRow> written, std::vector<std::string> removed,
                           Done done) {
    write_records(RecordTable::alert_records, std::move(written), std::move(removed),
                  std::move(done));
}

void Journal::write_records(RecordTable table, std::vector<Record> written,
                            std::vector<std::string> removed, Done done) {
    const RecordStatements& statements = statements_of(table);
    state_->ask(
        [&statements, written = std::move(written),
         removed = std::move(removed)](Database& database) -> Outcome {
            for (const Record& row : written) {
                auto put = database.run(statements.put, {row.key, row.record});
                if (!put) return put;
            }
            for (const std::string& key : removed) {
                auto gone = database.run(statements.remove, {key});
                if (!gone) return gone;
            }
            return {};
        },
        std::move(done));
}

void Journal::append_events(std::vector<Event> events, Done done) {
    state_->ask(
        [events = std::move(events)](Database& database) -> Outcome {
            for (const Event& event : events) {
                auto written = database.run(
                    "INSERT INTO events (at, kind, subject, detail) VALUES (?, ?, ?, ?)",
                    {of(event.at), event.kind, event.subject, event.detail});
                if (!written) return written;
            }
            return {};
        },
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

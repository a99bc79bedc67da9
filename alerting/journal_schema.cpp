#include "alerting/journal_schema.h"

#include <fmt/format.h>

namespace pilotlight::alerting {
namespace {

// "PLit": SQLite's own place for whose file it is.
constexpr std::int64_t kApplicationId = 0x504c6974;

/// One step per version, in order; a step that was released is never edited again.
constexpr const char* kMigrations[] = {
    R"(
CREATE TABLE outbox (
    sequence INTEGER PRIMARY KEY,
    receiver TEXT NOT NULL,
    integration TEXT NOT NULL,
    integration_index INTEGER NOT NULL,
    group_key TEXT NOT NULL,
    dedup_key TEXT NOT NULL,
    status TEXT NOT NULL,
    notification TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER,
    last_reason TEXT NOT NULL DEFAULT '',
    decided_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    settled_at INTEGER
) STRICT;
CREATE INDEX outbox_pending ON outbox (sequence) WHERE state = 'pending';
CREATE INDEX outbox_settled ON outbox (settled_at) WHERE state <> 'pending';

CREATE TABLE told (
    receiver TEXT NOT NULL,
    integration TEXT NOT NULL,
    integration_index INTEGER NOT NULL,
    group_key TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    notification TEXT NOT NULL,
    failed INTEGER NOT NULL DEFAULT 0,
    open INTEGER NOT NULL DEFAULT 0,
    delivered_at INTEGER,
    PRIMARY KEY (receiver, integration, integration_index, group_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE alert_records (
    key TEXT PRIMARY KEY,
    record TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX events_at ON events (at);
)", "ALTER TABLE told ADD COLUMN memory TEXT NOT NULL DEFAULT ''",
    R"(
CREATE TABLE silences (
    id TEXT PRIMARY KEY,
    record TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE outside_alerts (
    key TEXT PRIMARY KEY,
    record TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)",
    R"(
CREATE TABLE destinations (
    address TEXT PRIMARY KEY,
    digest TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)",
    R"(
CREATE TABLE discovered_targets (
    source TEXT PRIMARY KEY,
    record TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)",
    R"(
CREATE TABLE heartbeats (
    name TEXT PRIMARY KEY,
    record TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)",
};
constexpr std::int64_t kVersion = std::size(kMigrations);

using Value = Database::Value;
using Row = std::vector<Value>;

std::int64_t number(const Value& value) {
    const auto* found = std::get_if<std::int64_t>(&value);
    return found == nullptr ? 0 : *found;
}

std::string text(const Value& value) {
    const auto* found = std::get_if<std::string>(&value);
    return found == nullptr ? std::string() : *found;
}

std::optional<WallTime> time(const Value& value) {
    const auto* found = std::get_if<std::int64_t>(&value);
    if (found == nullptr) return std::nullopt;
    return WallTime(Duration(*found));
}

Database::Outcome<std::int64_t> pragma(Database& database, const char* sql) {
    std::int64_t value = 0;
    auto read = database.query(sql, {}, [&](const Row& row) { value = number(row[0]); });
    if (!read) return std::unexpected(read.error());
    return value;
}

Database::Outcome<void> apply_migrations(Database& database, std::int64_t from) {
    for (std::int64_t version = from; version < kVersion; ++version) {
        auto done = database.run_script(kMigrations[version]);
        if (!done) return done;
    }
    return database.run_script(
        fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", kApplicationId, kVersion)
            .c_str());
}

Database::Outcome<void> read_sequences(Database& database, JournalContents& contents) {
    const auto beyond = static_cast<std::int64_t>(Notification::kBeyondRoutes);
    return database.query(
        "SELECT coalesce(max(CASE WHEN sequence < ?1 THEN sequence END), 0), "
        "coalesce(max(CASE WHEN sequence >= ?1 THEN sequence END), ?1 - 1) "
        "FROM (SELECT sequence FROM outbox UNION ALL SELECT sequence FROM told)",
        {beyond}, [&](const Row& row) {
            contents.next_sequence = static_cast<std::uint64_t>(number(row[0])) + 1;
            contents.next_beyond_routes = static_cast<std::uint64_t>(number(row[1])) + 1;
        });
}

Database::Outcome<void> read_dead(Database& database, JournalContents& contents) {
    return database.query(
        "SELECT receiver, integration, integration_index, count(*) FROM outbox "
        "WHERE state = 'dead' GROUP BY 1, 2, 3",
        {}, [&](const Row& row) {
            const Address address{text(row[0]), text(row[1]), static_cast<int>(number(row[2]))};
            contents.dead[address] = static_cast<std::uint64_t>(number(row[3]));
        });
}

}  // namespace

Database::Outcome<void> migrate(Database& database) {
    using Failure = Database::Failure;
    const auto owner = pragma(database, "PRAGMA application_id");
    if (!owner) return std::unexpected(owner.error());
    const auto version = pragma(database, "PRAGMA user_version");
    if (!version) return std::unexpected(version.error());
    const auto tables = pragma(database, "SELECT count(*) FROM sqlite_master");
    if (!tables) return std::unexpected(tables.error());
    const bool is_new = *owner == 0 && *version == 0 && *tables == 0;
    if (!is_new && *owner != kApplicationId) {
        return std::unexpected(
            Failure{Database::Trouble::corrupt, "it belongs to another program"});
    }
    if (*version > kVersion) {
        return std::unexpected(
            Failure{Database::Trouble::corrupt,
                    fmt::format("its format {} is newer than {}, the newest that is known",
                                *version, kVersion)});
    }
    if (*version == kVersion) return {};
    auto begun = database.begin();
    if (!begun) return begun;
    auto applied = apply_migrations(database, *version);
    auto committed = applied ? database.commit() : applied;
    if (!committed) database.rollback();
    return committed;
}

Database::Outcome<JournalContents> read_contents(Database& database) {
    JournalContents contents;
    std::set<std::uint64_t> pending;
    auto read = database.query(
        "SELECT notification, attempts, next_attempt_at, last_reason, created_at, sequence "
        "FROM outbox WHERE state = 'pending' ORDER BY sequence",
        {}, [&](const Row& row) {
            auto notification = notification_from_json(text(row[0]));
            if (!notification) {
                contents.warnings.emplace_back(
                    fmt::format("notification {} of the outbox cannot be read", number(row[5])));
                return;
            }
            pending.insert(notification->sequence);
            contents.outbox.push_back({std::move(*notification), static_cast<int>(number(row[1])),
                                       time(row[2]), text(row[3]),
                                       time(row[4]).value_or(WallTime{})});
        });
    if (!read) return std::unexpected(read.error());
    read = database.query(
        "SELECT notification, failed, open, delivered_at, group_key, memory FROM told", {},
        [&](const Row& row) {
            auto notification = notification_from_json(text(row[0]));
            if (!notification) {
                contents.warnings.emplace_back(
                    fmt::format("what was told of {} cannot be read", text(row[4])));
                return;
            }
            Told told;
            told.pending = pending.contains(notification->sequence);
            told.last = std::move(*notification);
            told.failed = number(row[1]) != 0;
            told.open = number(row[2]) != 0;
            told.delivered_at = time(row[3]);
            told.memory = text(row[5]);
            contents.told.push_back(std::move(told));
        });
    if (!read) return std::unexpected(read.error());
    const auto read_records = [&](const char* sql, std::vector<Record>& out) {
        return database.query(sql, {},
                              [&](const Row& row) { out.push_back({text(row[0]), text(row[1])}); });
    };
    read = read_records("SELECT key, record FROM alert_records", contents.alerts);
    if (!read) return std::unexpected(read.error());
    read = read_records("SELECT key, record FROM outside_alerts", contents.outside_alerts);
    if (!read) return std::unexpected(read.error());
    read = read_records("SELECT id, record FROM silences", contents.silences);
    if (!read) return std::unexpected(read.error());
    read = read_records("SELECT address, digest FROM destinations", contents.destinations);
    if (!read) return std::unexpected(read.error());
    read =
        read_records("SELECT source, record FROM discovered_targets", contents.discovered_targets);
    if (!read) return std::unexpected(read.error());
    read = read_records("SELECT name, record FROM heartbeats", contents.heartbeats);
    if (!read) return std::unexpected(read.error());
    read = read_sequences(database, contents);
    if (!read) return std::unexpected(read.error());
    read = read_dead(database, contents);
    if (!read) return std::unexpected(read.error());
    return contents;
}

}  // namespace pilotlight::alerting

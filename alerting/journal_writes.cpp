#include "alerting/journal_writes.h"

#include "core/check.h"

namespace pilotlight::alerting {
namespace {

using Outcome = Database::Outcome<void>;
using Value = Database::Value;

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
    static constexpr RecordStatements kDiscoveredTargets{
        "INSERT INTO discovered_targets (source, record) VALUES (?, ?) "
        "ON CONFLICT DO UPDATE SET record = excluded.record",
        "DELETE FROM discovered_targets WHERE source = ?"};
    static constexpr RecordStatements kHeartbeats{
        "INSERT INTO heartbeats (name, record) VALUES (?, ?) "
        "ON CONFLICT DO UPDATE SET record = excluded.record",
        "DELETE FROM heartbeats WHERE name = ?"};
    switch (table) {
        case RecordTable::alert_records:
            return kAlertRecords;
        case RecordTable::outside_alerts:
            return kOutsideAlerts;
        case RecordTable::silences:
            return kSilences;
        case RecordTable::destinations:
            return kDestinations;
        case RecordTable::discovered_targets:
            return kDiscoveredTargets;
        case RecordTable::heartbeats:
            return kHeartbeats;
    }
    PILOT_CHECK(false);
}

}  // namespace

Outcome write_notifications(Database& database, std::span<const Notification> notifications) {
    for (const Notification& notification : notifications) {
        auto written = write_notification(database, notification);
        if (!written) return written;
    }
    return {};
}

Outcome write_attempt(Database& database, std::uint64_t sequence, int attempts,
                      WallTime next_attempt_at, const std::string& reason) {
    return database.run(
        "UPDATE outbox SET attempts = ?, next_attempt_at = ?, last_reason = ? WHERE sequence = ?",
        {of(attempts), of(next_attempt_at), reason, of(sequence)});
}

Outcome write_memory(Database& database, const Address& to, const std::string& group_key,
                     const std::string& memory) {
    return database.run(
        "UPDATE told SET memory = ? WHERE receiver = ? AND integration = ? "
        "AND integration_index = ? AND group_key = ?",
        {memory, to.receiver, to.integration, of(to.index), group_key});
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

Outcome write_merged(Database& database, const Notification& merged) {
    return database.run(
        "UPDATE outbox SET notification = ?, status = ? WHERE sequence = ?",
        {to_json(merged), std::string(to_string(merged.status())), of(merged.sequence)});
}

Outcome write_records(Database& database, RecordTable table, std::span<const Record> written,
                      std::span<const std::string> removed) {
    const RecordStatements& statements = statements_of(table);
    for (const Record& row : written) {
        auto put = database.run(statements.put, {row.key, row.record});
        if (!put) return put;
    }
    for (const std::string& key : removed) {
        auto gone = database.run(statements.remove, {key});
        if (!gone) return gone;
    }
    return {};
}

Outcome write_readdressed(Database& database, std::span<const Readdressed> told,
                          std::span<const Readdressed> outbox) {
    for (const auto& [from, group_key, now] : told) {
        auto written = database.run(
            "UPDATE OR REPLACE told SET receiver = ?, integration = ?, "
            "integration_index = ?, group_key = ?, notification = ? WHERE receiver = ? AND "
            "integration = ? AND integration_index = ? AND group_key = ?",
            {now.to.receiver, now.to.integration, of(now.to.index), now.group_key, to_json(now),
             from.receiver, from.integration, of(from.index), group_key});
        if (!written) return written;
    }
    for (const auto& [from, group_key, now] : outbox) {
        auto written = database.run(
            "UPDATE outbox SET receiver = ?, integration = ?, integration_index = ?, "
            "group_key = ?, notification = ? WHERE sequence = ? AND state = 'pending'",
            {now.to.receiver, now.to.integration, of(now.to.index), now.group_key, to_json(now),
             of(now.sequence)});
        if (!written) return written;
    }
    return {};
}

Outcome write_events(Database& database, std::span<const Event> events) {
    for (const Event& event : events) {
        auto written =
            database.run("INSERT INTO events (at, kind, subject, detail) VALUES (?, ?, ?, ?)",
                         {of(event.at), event.kind, event.subject, event.detail});
        if (!written) return written;
    }
    return {};
}

Outcome remove_told(Database& database, std::span<const Told> entries) {
    for (const Told& entry : entries) {
        const Address& to = entry.last.to;
        auto removed = database.run(
            "DELETE FROM told WHERE receiver = ? AND integration = ? AND "
            "integration_index = ? AND group_key = ?",
            {to.receiver, to.integration, of(to.index), entry.last.group_key});
        if (!removed) return removed;
    }
    return {};
}

Outcome remove_settled(Database& database, WallTime before) {
    return database.run("DELETE FROM outbox WHERE state <> 'pending' AND settled_at < ?",
                        {of(before)});
}

}  // namespace pilotlight::alerting

#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "alerting/database.h"
#include "alerting/journal.h"

/// What the journal writes, a statement at a time: the rows of docs/formats/journal.md. Each is a
/// part of the transaction that the caller has begun; the first failure ends it.
namespace pilotlight::alerting {

/// Into the outbox, and what they say into the notification log.
Database::Outcome<void> write_notifications(Database& database,
                                            std::span<const Notification> notifications);
Database::Outcome<void> write_attempt(Database& database, std::uint64_t sequence, int attempts,
                                      WallTime next_attempt_at, const std::string& reason);
Database::Outcome<void> write_memory(Database& database, const Address& to,
                                     const std::string& group_key, const std::string& memory);
Database::Outcome<void> write_settlement(Database& database, const Settlement& settlement);
/// What a notification that waits says from now on.
Database::Outcome<void> write_merged(Database& database, const Notification& merged);
Database::Outcome<void> write_records(Database& database, RecordTable table,
                                      std::span<const Record> written,
                                      std::span<const std::string> removed);
/// Moves what was told, and what waits, to other addresses.
Database::Outcome<void> write_readdressed(Database& database, std::span<const Readdressed> told,
                                          std::span<const Readdressed> outbox);
Database::Outcome<void> write_events(Database& database, std::span<const Event> events);

Database::Outcome<void> remove_told(Database& database, std::span<const Told> entries);
/// What was settled before `before`.
Database::Outcome<void> remove_settled(Database& database, WallTime before);

}  // namespace pilotlight::alerting

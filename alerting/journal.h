#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/notification.h"
#include "core/error.h"
#include "core/time.h"

namespace pilotlight::alerting {

/// A notification in the outbox that has not been settled.
struct OutboxRow {
    Notification notification;
    int attempts = 0;
    std::optional<WallTime> next_attempt_at;
    std::string last_reason;
    WallTime created_at{};
};

/// A state that its owner wants back after a restart; opaque here.
struct Record {
    std::string key;
    std::string record;
};
/// An alert's, as its rule wants it.
using AlertRow = Record;

/// Where a record is kept: the tables of docs/formats/journal.md.
enum class RecordTable {
    /// Alerts of rules.
    alert_records,
    /// Alerts that others sent, by their labels.
    outside_alerts,
    /// By id.
    silences,
    /// Digests of where each integration sends, by its address; see destinations.h.
    destinations,
    /// What each source of targets said last, by the source.
    discovered_targets,
    /// By the heartbeat's name.
    heartbeats,
};

/// What is kept of a notification under another name.
struct Readdressed {
    Address from;
    std::string group_key;
    Notification now;
};

/// One line of the audit trail.
struct Event {
    WallTime at{};
    /// "notification_delivered", "reload", "silence_created", ...
    std::string kind;
    /// What it is about: a receiver, an alert, a file.
    std::string subject;
    /// JSON, or "".
    std::string detail;
};

/// What the database held when it was opened.
struct JournalContents {
    std::vector<OutboxRow> outbox;
    std::vector<Told> told;
    std::vector<AlertRow> alerts;
    std::vector<Record> outside_alerts;
    std::vector<Record> silences;
    std::vector<Record> destinations;
    std::vector<Record> discovered_targets;
    std::vector<Record> heartbeats;
    std::uint64_t next_sequence = 1;
    /// Of those that the outbox makes itself: Notification::kBeyondRoutes and up.
    std::uint64_t next_beyond_routes = Notification::kBeyondRoutes;
    /// How many were given up and are still kept, by address.
    std::map<Address, std::uint64_t> dead;
    /// Rows that could not be read: to be said aloud.
    Errors warnings;
};

/// Everything durable: one SQLite database (WAL, synchronous=FULL), one thread that owns it. All
/// that is asked while a commit runs goes into the next one: group commit. See
/// docs/formats/journal.md.
///
/// When the disk fails, callbacks come at once with the error: callers go on from memory. What
/// could not be written is kept, in order, and tried again every second; healthy() is false until
/// it is written. At most kBacklogMax requests are kept so; beyond it the oldest are dropped and
/// counted. A database that is corrupt or of another program is set aside under a name with a time
/// stamp, and a new one is begun.
///
/// Thread: any for every method. Callbacks run on the journal's thread: re-post, don't work there.
class Journal {
  public:
    /// Called exactly once, when the request is on disk or has failed to get there.
    using Done = std::function<void(const Result<void>&)>;

    struct Options {
        /// How long settled notifications are kept.
        Duration keep_settled = std::chrono::hours(24 * 30);
        Duration retry_every = std::chrono::seconds(1);
        /// For tests: called on the journal's thread before each commit.
        std::function<void()> before_commit;
    };

    /// Opens or makes the database at `path` and starts the thread. Never fails: what goes wrong
    /// is in take_warnings() and healthy(). Blocks on the disk.
    explicit Journal(std::string path);
    Journal(std::string path, Options options);
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;
    /// Writes what is queued, then closes. What cannot be written is answered with an error.
    ~Journal();

    /// Moves out what was there at the start; once.
    [[nodiscard]] JournalContents take_contents();
    /// What has to be said aloud since the last call: a database that cannot be opened, or that was
    /// set aside. Look after the start and now and then.
    [[nodiscard]] Errors take_warnings();
    /// One sentence for each database that was set aside since the last call: what it held is
    /// forgotten, which everybody who is told of alerts should know.
    [[nodiscard]] std::vector<std::string> take_losses();

    /// Puts notifications into the outbox and what they say into the notification log.
    void record(std::vector<Notification> notifications, Done done);
    /// A failed attempt: how often it was tried, when it is next, why it failed.
    void note_attempt(std::uint64_t sequence, int attempts, WallTime next_attempt_at,
                      std::string reason, Done done = {});
    /// What an integration wants remembered of a group, before its receipt.
    void remember(Address to, std::string group_key, std::string memory, Done done = {});
    /// Its end. A superseded notification's successor is rewritten to `merged`.
    void settle(Settlement settlement, Done done = {});
    void supersede(Settlement settlement, Notification merged, Done done = {});
    /// Calls entries of the notification log, and pending rows of the outbox, otherwise.
    void readdress(std::vector<Readdressed> told, std::vector<Readdressed> outbox, Done done = {});
    /// Drops entries of the notification log.
    void forget(std::vector<Told> entries, Done done = {});
    /// Writes some alert records and removes others (by key).
    void write_alerts(std::vector<AlertRow> written, std::vector<std::string> removed,
                      Done done = {});
    /// The same for any table.
    void write_records(RecordTable table, std::vector<Record> written,
                       std::vector<std::string> removed, Done done = {});
    void append_events(std::vector<Event> events, Done done = {});

    struct Stats {
        std::uint64_t requests = 0;
        std::uint64_t commits = 0;
        std::uint64_t failures = 0;
        std::uint64_t dropped = 0;
        std::uint64_t backlog = 0;
        /// The newest failure; empty while healthy.
        std::string last_error;
    };
    [[nodiscard]] Stats stats() const;
    /// False while something could not be written.
    [[nodiscard]] bool healthy() const;
    /// Waits until all that was asked before has been tried: for an orderly end and for tests.
    void flush();

    static constexpr std::size_t kBacklogMax = 100'000;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace pilotlight::alerting

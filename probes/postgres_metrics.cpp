#include "probes/postgres_metrics.h"

#include <charconv>

namespace pilotlight::probes {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

/// A row's column as a number; nothing where it is NULL or none.
std::optional<double> number_at(const PostgresRow& row, std::size_t column) {
    if (column >= row.size() || !row[column]) return std::nullopt;
    const std::string& text = *row[column];
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string text_at(const PostgresRow& row, std::size_t column) {
    return column < row.size() ? row[column].value_or("") : "";
}

/// Column after column, from `first` on.
void add_columns(const PostgresRow& row, std::size_t first, std::span<const char* const> names,
                 const Labels& labels, std::vector<Measurement>& out) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        const std::optional<double> value = number_at(row, first + i);
        if (value) out.push_back({names[i], *value, labels});
    }
}

// A replica whose receiver is gone has replayed all that it received, and still falls behind: it is
// up to date only while it receives.
constexpr std::string_view kServer = R"(
SELECT current_setting('server_version'),
       pg_is_in_recovery()::int,
       CASE WHEN NOT pg_is_in_recovery() THEN 0
            WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()
                 AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 0
            ELSE greatest(0, extract(epoch FROM clock_timestamp()
                                                - pg_last_xact_replay_timestamp())) END,
       extract(epoch FROM pg_postmaster_start_time()),
       current_setting('max_connections')::int,
       current_setting('superuser_reserved_connections')::int,
       archived_count, failed_count,
       extract(epoch FROM clock_timestamp() - last_archived_time)
  FROM pg_stat_archiver)";

void read_server(const PostgresRows& rows, std::vector<Measurement>& out) {
    static constexpr const char* kColumns[] = {
        "pg_replication_is_replica",
        "pg_replication_lag_seconds",
        "pg_postmaster_start_time_seconds",
        "pg_settings_max_connections",
        "pg_settings_superuser_reserved_connections",
        "pg_stat_archiver_archived_count",
        "pg_stat_archiver_failed_count",
        "pg_stat_archiver_last_archive_age",
    };
    for (const PostgresRow& row : rows) {
        const std::string version = text_at(row, 0);
        // "15.8 (Debian 15.8-0+deb12u1)"
        out.push_back(
            {"pg_static",
             1,
             {{"version", version}, {"short_version", version.substr(0, version.find(' '))}}});
        add_columns(row, 1, kColumns, {}, out);
    }
}

// Every state of every database, so that a count that falls to 0 is a 0 and no gap.
constexpr std::string_view kActivity = R"(
SELECT d.datname, s.state, count(a.pid)
  FROM pg_database d
 CROSS JOIN (VALUES ('active'), ('idle'), ('idle in transaction'),
                    ('idle in transaction (aborted)'), ('fastpath function call'),
                    ('disabled')) AS s(state)
  LEFT JOIN pg_stat_activity a ON a.datname = d.datname AND a.state = s.state
 WHERE d.datallowconn AND NOT d.datistemplate
 GROUP BY d.datname, s.state ORDER BY d.datname, s.state LIMIT 1200)";

void read_activity(const PostgresRows& rows, std::vector<Measurement>& out) {
    static constexpr const char* kColumns[] = {"pg_stat_activity_count"};
    for (const PostgresRow& row : rows) {
        add_columns(row, 2, kColumns, {{"datname", text_at(row, 0)}, {"state", text_at(row, 1)}},
                    out);
    }
}

constexpr std::string_view kDatabases = R"(
SELECT s.datname, numbackends, xact_commit, xact_rollback, deadlocks, conflicts, blks_read,
       blks_hit, temp_files, temp_bytes
  FROM pg_stat_database s JOIN pg_database d ON d.oid = s.datid
 WHERE d.datallowconn AND NOT d.datistemplate ORDER BY s.datname LIMIT 200)";

void read_databases(const PostgresRows& rows, std::vector<Measurement>& out) {
    static constexpr const char* kColumns[] = {
        "pg_stat_database_numbackends",   "pg_stat_database_xact_commit",
        "pg_stat_database_xact_rollback", "pg_stat_database_deadlocks",
        "pg_stat_database_conflicts",     "pg_stat_database_blks_read",
        "pg_stat_database_blks_hit",      "pg_stat_database_temp_files",
        "pg_stat_database_temp_bytes",
    };
    for (const PostgresRow& row : rows) {
        add_columns(row, 1, kColumns, {{"datname", text_at(row, 0)}}, out);
    }
}

constexpr std::string_view kSizes = R"(
SELECT datname, pg_database_size(oid) FROM pg_database
 WHERE datallowconn AND NOT datistemplate AND has_database_privilege(oid, 'CONNECT')
 ORDER BY datname LIMIT 200)";

void read_sizes(const PostgresRows& rows, std::vector<Measurement>& out) {
    static constexpr const char* kColumns[] = {"pg_database_size_bytes"};
    for (const PostgresRow& row : rows) {
        add_columns(row, 1, kColumns, {{"datname", text_at(row, 0)}}, out);
    }
}

constexpr PostgresQuestion kQuestions[] = {
    {kServer, read_server},
    {kActivity, read_activity},
    {kDatabases, read_databases},
    {kSizes, read_sizes, true},
};

}  // namespace

std::span<const PostgresQuestion> postgres_questions() {
    return kQuestions;
}

}  // namespace pilotlight::probes

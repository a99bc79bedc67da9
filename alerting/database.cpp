#include "alerting/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace pilotlight::alerting {
namespace {

constexpr int kBusyMilliseconds = 200;

Database::Trouble trouble_of(int code) {
    switch (code & 0xff) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return Database::Trouble::corrupt;
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_READONLY:
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
            return Database::Trouble::cannot_write;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return Database::Trouble::busy;
        default:
            return Database::Trouble::other;
    }
}

Database::Value column(sqlite3_stmt* statement, int index) {
    switch (sqlite3_column_type(statement, index)) {
        case SQLITE_NULL:
            return {};
        case SQLITE_INTEGER:
            return sqlite3_column_int64(statement, index);
        default: {
            const auto* text = sqlite3_column_text(statement, index);
            const int bytes = sqlite3_column_bytes(statement, index);
            return std::string(reinterpret_cast<const char*>(text),
                               static_cast<std::size_t>(bytes));
        }
    }
}

}  // namespace

Database::Outcome<std::unique_ptr<Database>> Database::open(const std::string& path) {
    sqlite3* handle = nullptr;
    const int opened =
        sqlite3_open_v2(path.c_str(), &handle,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    if (handle == nullptr) return std::unexpected(Failure{Trouble::other, "no memory for SQLite"});
    std::unique_ptr<Database> database(new Database(handle));
    if (opened != SQLITE_OK) return std::unexpected(database->failure("opening"));
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, kBusyMilliseconds);
    auto set = database->run_script(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
        "PRAGMA journal_size_limit=16777216; PRAGMA temp_store=MEMORY;");
    if (!set) return std::unexpected(set.error());
    std::string verdict;
    auto checked = database->query("PRAGMA quick_check(1)", {}, [&](const std::vector<Value>& row) {
        if (const auto* text = std::get_if<std::string>(&row[0])) verdict = *text;
    });
    if (!checked) return std::unexpected(checked.error());
    if (verdict != "ok") return std::unexpected(Failure{Trouble::corrupt, verdict});
    return database;
}

Database::~Database() {
    for (const auto& [sql, statement] : statements_)
        sqlite3_finalize(statement);
    sqlite3_close(handle_);
}

Database::Failure Database::failure(std::string_view doing) const {
    const int code = sqlite3_extended_errcode(handle_);
    return {trouble_of(code),
            fmt::format("{}: {} (SQLite {})", doing, sqlite3_errmsg(handle_), code)};
}

Database::Outcome<sqlite3_stmt*> Database::prepare(const char* sql,
                                                   std::initializer_list<Value> values) {
    sqlite3_stmt*& statement = statements_[sql];
    if (statement == nullptr && sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                                   &statement, nullptr) != SQLITE_OK) {
        return std::unexpected(failure("preparing"));
    }
    int index = 0;
    for (const Value& value : values) {
        ++index;
        if (const auto* number = std::get_if<std::int64_t>(&value)) {
            sqlite3_bind_int64(statement, index, *number);
        } else if (const auto* text = std::get_if<std::string>(&value)) {
            // `values` outlives the step: no copy is needed.
            sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC,
                                SQLITE_UTF8);
        } else {
            sqlite3_bind_null(statement, index);
        }
    }
    return statement;
}

Database::Outcome<void> Database::run(const char* sql, std::initializer_list<Value> values) {
    return query(sql, values, [](const std::vector<Value>&) {});
}

Database::Outcome<void> Database::query(
    const char* sql, std::initializer_list<Value> values,
    const std::function<void(const std::vector<Value>&)>& on_row) {
    const auto prepared = prepare(sql, values);
    if (!prepared) return std::unexpected(prepared.error());
    sqlite3_stmt* statement = *prepared;
    Outcome<void> outcome;
    for (;;) {
        const int step = sqlite3_step(statement);
        if (step == SQLITE_DONE) break;
        if (step != SQLITE_ROW) {
            outcome = std::unexpected(failure("writing or reading"));
            break;
        }
        std::vector<Value> row;
        for (int i = 0; i < sqlite3_column_count(statement); ++i) {
            row.push_back(column(statement, i));
        }
        on_row(row);
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return outcome;
}

Database::Outcome<void> Database::run_script(const char* sql) {
    if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
        return std::unexpected(failure("setting up"));
    }
    return {};
}

Database::Outcome<void> Database::begin() {
    return run("BEGIN IMMEDIATE");
}

Database::Outcome<void> Database::commit() {
    return run("COMMIT");
}

void Database::rollback() {
    if (sqlite3_get_autocommit(handle_) == 0) (void)run("ROLLBACK");
}

}  // namespace pilotlight::alerting

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace pilotlight::alerting {

/// One connection to a SQLite database. With database.cpp the only place that knows SQLite.
/// Thread: one at a time.
class Database {
  public:
    enum class Trouble {
        /// Not a database, or damaged: another one is to be begun.
        corrupt,
        /// The disk is full, gone or read-only; the same may work later.
        cannot_write,
        /// Another process holds it.
        busy,
        /// A statement of ours is wrong, or something else.
        other,
    };
    struct Failure {
        Trouble trouble = Trouble::other;
        std::string message;
    };
    template <class T>
    using Outcome = std::expected<T, Failure>;

    /// Opens or makes the file: WAL, synchronous=FULL, and looks whether it is whole.
    [[nodiscard]] static Outcome<std::unique_ptr<Database>> open(const std::string& path);
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    /// A value bound to a `?`, or read from a column.
    using Value = std::variant<std::monostate, std::int64_t, std::string>;

    /// Runs one statement without rows. The text is the key of its prepared form: it must live as
    /// long as the connection (a literal).
    Outcome<void> run(const char* sql, std::initializer_list<Value> values = {});
    /// Runs several statements, separated by semicolons.
    Outcome<void> run_script(const char* sql);
    /// One call per row.
    Outcome<void> query(const char* sql, std::initializer_list<Value> values,
                        const std::function<void(const std::vector<Value>&)>& on_row);

    Outcome<void> begin();
    Outcome<void> commit();
    /// Never fails: after a failed commit SQLite may have done it itself.
    void rollback();

  private:
    explicit Database(sqlite3* handle) : handle_(handle) {}
    Outcome<sqlite3_stmt*> prepare(const char* sql, std::initializer_list<Value> values);
    [[nodiscard]] Failure failure(std::string_view doing) const;

    sqlite3* handle_;
    std::map<const char*, sqlite3_stmt*> statements_;
};

}  // namespace pilotlight::alerting

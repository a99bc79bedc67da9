#pragma once

#include <boost/asio/awaitable.hpp>

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/secret.h"
#include "probes/postgres_failure.h"
#include "probes/probe.h"
#include "probes/single_flight.h"
#include "runtime/deadline.h"

struct pg_conn;

namespace pilotlight::runtime {
class Services;
}

/// libpq's one home: a connection that never blocks the loop.
namespace pilotlight::probes {

/// A connection string, taken apart: `postgres://user:password@host:port/database?sslmode=...` or
/// `host=... user=...`, in libpq's keywords.
struct PostgresAddress {
    std::map<std::string, std::string> parameters;
    Secret password;
};

/// Fails where libpq cannot read it; the message never repeats the text. Does no I/O.
[[nodiscard]] Result<PostgresAddress> parse_postgres_address(const std::string& text);

/// Rows as texts; nothing for NULL.
using PostgresRow = std::vector<std::optional<std::string>>;
using PostgresRows = std::vector<PostgresRow>;

/// Thread: one loop's. None of its calls keeps a deadline by itself but resolve() and start():
/// put with_deadline around the whole; phase() says then where it was.
class PostgresConnection {
  public:
    PostgresConnection() = default;
    PostgresConnection(const PostgresConnection&) = delete;
    PostgresConnection& operator=(const PostgresConnection&) = delete;
    /// Says farewell without waiting.
    ~PostgresConnection();

    /// Resolves the hosts, connects to the first address that takes us, logs in. `flight` keeps a
    /// connection start that hangs on a file from being made again.
    [[nodiscard]] boost::asio::awaitable<PostgresAttempt<void>> open(runtime::Services& services,
                                                                     SingleFlight& flight,
                                                                     PostgresAddress address,
                                                                     runtime::Deadline deadline);

    /// The rows of one statement; fails with `too_many_rows` beyond 10,000 rows or 4 MiB.
    [[nodiscard]] boost::asio::awaitable<PostgresAttempt<PostgresRows>> query(std::string sql);

    /// "resolve", "connect", "tls", "auth" or "query".
    [[nodiscard]] std::string_view phase() const;
    /// The addresses that there were to try, with commas between; "" for a socket, and before they
    /// were resolved.
    [[nodiscard]] const std::string& addresses() const { return addresses_; }
    /// libpq's words on what went wrong, a line each; "" where nothing did.
    [[nodiscard]] std::string error_text() const;

  private:
    struct Close {
        void operator()(pg_conn* connection) const;
    };
    using Handle = std::unique_ptr<pg_conn, Close>;
    enum class Wait { read, write, either };

    boost::asio::awaitable<PostgresAttempt<void>> resolve(runtime::Services& services,
                                                          PostgresAddress& address,
                                                          runtime::Deadline deadline);
    boost::asio::awaitable<PostgresAttempt<void>> start(runtime::Services& services,
                                                        SingleFlight& flight,
                                                        PostgresAddress address,
                                                        runtime::Deadline deadline);
    boost::asio::awaitable<PostgresAttempt<void>> log_in();
    boost::asio::awaitable<PostgresAttempt<void>> send(std::string sql);
    boost::asio::awaitable<PostgresAttempt<void>> read_result();
    boost::asio::awaitable<PostgresAttempt<void>> wait(Wait what);
    [[nodiscard]] PostgresFailure connect_failure() const;
    [[nodiscard]] PostgresFailure lost() const;

    Handle handle_;
    std::string addresses_;
    bool resolving_ = true;
    bool logged_in_ = false;
};

}  // namespace pilotlight::probes

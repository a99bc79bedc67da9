#include "probes/postgres_connection.h"

#include <libpq-fe.h>
#include <unistd.h>

#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cerrno>
#include <cstring>

#include "probes/client_options.h"
#include "runtime/failure.h"
#include "runtime/resolver.h"
#include "runtime/services.h"

namespace asio = boost::asio;

namespace pilotlight::probes {
namespace {

constexpr std::size_t kMostRows = 10'000;
constexpr std::size_t kMostBytes = 4U << 20;

PostgresFailure failed(std::string_view phase, std::string reason, std::string detail) {
    return {Outcome::failed(std::string(phase), std::move(reason), std::move(detail)), ""};
}

PostgresFailure unknown(std::string_view phase, std::string reason, std::string detail) {
    return {Outcome::unknown(std::string(phase), std::move(reason), std::move(detail)), ""};
}

struct ClearResult {
    void operator()(PGresult* result) const { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, ClearResult>;

std::string field_of(const PGresult* result, int code) {
    const char* text = PQresultErrorField(result, code);
    return text == nullptr ? "" : text;
}

/// "a,b,c" at `index`; the only one where there is but one.
std::string_view list_item(std::string_view list, std::size_t index) {
    const std::string_view whole = list;
    if (whole.find(',') == whole.npos) return whole;
    for (; index > 0; --index) {
        const std::size_t comma = list.find(',');
        if (comma == list.npos) return "";
        list.remove_prefix(comma + 1);
    }
    return list.substr(0, list.find(','));
}

void append_item(std::string& list, std::string_view item, bool first) {
    if (!first) list += ',';
    list += item;
}

// PostgreSQL 15's libpq cannot be told to use the system's authorities but by their file.
constexpr const char* kSystemAuthorities = "/etc/ssl/certs/ca-certificates.crt";

void set_defaults(std::map<std::string, std::string>& parameters) {
    parameters.try_emplace("application_name", "pilotlight");
    parameters.try_emplace("sslmode", "prefer");
    // Kerberos would resolve names, and block.
    parameters["gssencmode"] = "disable";
    // None of the user's home directory; this path does not exist.
    parameters.try_emplace("passfile", "/nonexistent/pgpass");
    if (parameters["sslmode"].starts_with("verify-")) {
        parameters.try_emplace("sslrootcert", kSystemAuthorities);
    }
}

}  // namespace

Result<PostgresAddress> parse_postgres_address(const std::string& text) {
    constexpr const char* kExpected =
        "not a PostgreSQL address, expected postgres://user:password@host:port/database or "
        "host=... user=... dbname=...";
    struct FreeOptions {
        void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
    };
    char* message = nullptr;
    const std::unique_ptr<PQconninfoOption, FreeOptions> options(
        PQconninfoParse(text.c_str(), &message));
    // It repeats the text, password and all.
    PQfreemem(message);
    if (options == nullptr || text.empty()) return fail(kExpected);
    PostgresAddress address;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr) continue;
        if (std::string_view(option->keyword) == "password") {
            address.password = Secret(option->val);
        } else {
            address.parameters[option->keyword] = option->val;
        }
    }
    // Otherwise libpq would look in the environment and in service files, and resolve what it
    // finds.
    if (!address.parameters.contains("host") && !address.parameters.contains("hostaddr")) {
        return fail("a PostgreSQL address without a host (or the folder of a socket)");
    }
    return address;
}

void PostgresConnection::Close::operator()(pg_conn* connection) const {
    PQfinish(connection);
}

PostgresConnection::~PostgresConnection() = default;

std::string_view PostgresConnection::phase() const {
    if (resolving_) return "resolve";
    if (logged_in_) return "query";
    if (handle_ == nullptr) return "connect";
    switch (PQstatus(handle_.get())) {
        case CONNECTION_SSL_STARTUP:
            return "tls";
        case CONNECTION_AWAITING_RESPONSE:
        case CONNECTION_AUTH_OK:
        case CONNECTION_SETENV:
        case CONNECTION_CHECK_WRITABLE:
        case CONNECTION_CHECK_STANDBY:
        case CONNECTION_CHECK_TARGET:
        case CONNECTION_CONSUME:
            return "auth";
        default:
            return "connect";
    }
}

std::string PostgresConnection::error_text() const {
    return handle_ == nullptr ? "" : PQerrorMessage(handle_.get());
}

asio::awaitable<PostgresAttempt<void>> PostgresConnection::open(runtime::Services& services,
                                                                SingleFlight& flight,
                                                                PostgresAddress address,
                                                                runtime::Deadline deadline) {
    resolving_ = true;
    set_defaults(address.parameters);
    PostgresAttempt<void> resolved = co_await resolve(services, address, deadline);
    if (!resolved) co_return resolved;
    resolving_ = false;
    PostgresAttempt<void> started = co_await start(services, flight, std::move(address), deadline);
    if (!started) co_return started;
    PostgresAttempt<void> logged_in = co_await log_in();
    logged_in_ = logged_in.has_value();
    co_return logged_in;
}

// Every address of every host stands in the lists of libpq, so that it tries one after the other
// and resolves nothing itself; the names stay beside them for the check of the certificate.
asio::awaitable<PostgresAttempt<void>> PostgresConnection::resolve(runtime::Services& services,
                                                                   PostgresAddress& address,
                                                                   runtime::Deadline deadline) {
    const std::string hosts = address.parameters["host"];
    const std::string ports = address.parameters["port"];
    const bool is_socket = hosts.starts_with('/') || hosts.starts_with('@');
    if (address.parameters.contains("hostaddr") || is_socket) co_return PostgresAttempt<void>();
    std::string all_hosts;
    std::string all_addresses;
    std::string all_ports;
    std::optional<runtime::Failure> failure;
    const auto count = static_cast<std::size_t>(std::ranges::count(hosts, ',')) + 1;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string host(list_item(hosts, i));
        auto found = co_await services.resolver().resolve(host, {}, deadline);
        if (!found) {
            failure = std::move(found.error());
            continue;
        }
        for (const runtime::IpAddress& ip : *found) {
            const bool first = all_addresses.empty();
            append_item(all_hosts, host, first);
            append_item(all_addresses, ip.to_string(), first);
            append_item(all_ports, list_item(ports, i), first);
        }
    }
    if (all_addresses.empty()) {
        co_return std::unexpected(PostgresFailure{outcome_of(std::move(*failure), "resolve"), ""});
    }
    address.parameters["host"] = all_hosts;
    addresses_ = all_addresses;
    address.parameters["hostaddr"] = all_addresses;
    address.parameters["port"] = all_ports;
    co_return PostgresAttempt<void>();
}

asio::awaitable<PostgresAttempt<void>> PostgresConnection::start(runtime::Services& services,
                                                                 SingleFlight& flight,
                                                                 PostgresAddress address,
                                                                 runtime::Deadline deadline) {
    std::function<Handle()> call = [address = std::move(address)] {
        std::vector<const char*> keywords;
        std::vector<const char*> values;
        for (const auto& [keyword, value] : address.parameters) {
            keywords.push_back(keyword.c_str());
            values.push_back(value.c_str());
        }
        if (!address.password.empty()) {
            keywords.push_back("password");
            values.push_back(address.password.reveal().c_str());
        }
        keywords.push_back(nullptr);
        values.push_back(nullptr);
        return Handle(PQconnectStartParams(keywords.data(), values.data(), 0));
    };
    std::expected<Handle, NoAnswer> begun =
        co_await flight.run(services.blocking(), deadline, std::move(call));
    if (!begun) {
        const bool no_threads = begun.error() == NoAnswer::not_begun;
        co_return std::unexpected(unknown("connect", no_threads ? "no_threads" : "files_hang",
                                          no_threads ? "no spare thread was free in time"
                                                     : "libpq hangs while it reads its files"));
    }
    handle_ = std::move(*begun);
    if (handle_ == nullptr) {
        co_return std::unexpected(unknown("connect", "no_memory", "libpq is out of memory"));
    }
    PQsetErrorVerbosity(handle_.get(), PQERRORS_SQLSTATE);
    // Its default prints notices to standard error.
    PQsetNoticeReceiver(handle_.get(), [](void*, const PGresult*) {}, nullptr);
    if (PQstatus(handle_.get()) == CONNECTION_BAD) co_return std::unexpected(connect_failure());
    co_return PostgresAttempt<void>();
}

asio::awaitable<PostgresAttempt<void>> PostgresConnection::log_in() {
    // As if PQconnectPoll had asked to write: libpq's manual.
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK) {
        if (next == PGRES_POLLING_FAILED) co_return std::unexpected(connect_failure());
        const Wait what = next == PGRES_POLLING_WRITING ? Wait::write : Wait::read;
        PostgresAttempt<void> waited = co_await wait(what);
        if (!waited) co_return waited;
        next = PQconnectPoll(handle_.get());
    }
    PQsetnonblocking(handle_.get(), 1);
    co_return PostgresAttempt<void>();
}

// A fresh dup for every wait: libpq closes and opens its socket as it likes, and a new one may have
// the old one's number while epoll has forgotten it.
asio::awaitable<PostgresAttempt<void>> PostgresConnection::wait(Wait what) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const int copy = fcntl(PQsocket(handle_.get()), F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        const bool lost_socket = errno == EBADF;
        co_return std::unexpected(
            lost_socket ? lost()
                        : unknown(phase(), "no_descriptors", std::string(std::strerror(errno))));
    }
    using Descriptor = asio::posix::stream_descriptor;
    Descriptor descriptor(executor, copy);
    if (what == Wait::either) {
        auto group = asio::experimental::make_parallel_group(
            descriptor.async_wait(Descriptor::wait_read, asio::deferred),
            descriptor.async_wait(Descriptor::wait_write, asio::deferred));
        co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    } else {
        const auto kind = what == Wait::read ? Descriptor::wait_read : Descriptor::wait_write;
        co_await descriptor.async_wait(kind, asio::use_awaitable);
    }
    co_return PostgresAttempt<void>();
}

PostgresFailure PostgresConnection::connect_failure() const {
    return failure_of_message(PQerrorMessage(handle_.get()));
}

PostgresFailure PostgresConnection::lost() const {
    return failed(phase(), "closed", "the server closed the connection");
}

asio::awaitable<PostgresAttempt<void>> PostgresConnection::send(std::string sql) {
    if (PQsendQuery(handle_.get(), sql.c_str()) != 1) co_return std::unexpected(lost());
    // Row by row, so that no result is held whole.
    PQsetSingleRowMode(handle_.get());
    for (;;) {
        const int left = PQflush(handle_.get());
        if (left < 0) co_return std::unexpected(lost());
        if (left == 0) co_return PostgresAttempt<void>();
        PostgresAttempt<void> waited = co_await wait(Wait::either);
        if (!waited) co_return waited;
        // A server that does not read until we do would hang us both.
        if (PQconsumeInput(handle_.get()) != 1) co_return std::unexpected(lost());
    }
}

/// Waits until PQgetResult would not block.
asio::awaitable<PostgresAttempt<void>> PostgresConnection::read_result() {
    while (PQisBusy(handle_.get()) == 1) {
        PostgresAttempt<void> waited = co_await wait(Wait::read);
        if (!waited) co_return waited;
        if (PQconsumeInput(handle_.get()) != 1) co_return std::unexpected(lost());
    }
    co_return PostgresAttempt<void>();
}

namespace {

/// Appends a row; how many bytes it has.
std::size_t take_row(const PGresult* result, PostgresRows& rows) {
    std::size_t bytes = 0;
    PostgresRow row;
    for (int column = 0; column < PQnfields(result); ++column) {
        if (PQgetisnull(result, 0, column) == 1) {
            row.emplace_back();
            continue;
        }
        const auto size = static_cast<std::size_t>(PQgetlength(result, 0, column));
        row.emplace_back(std::string(PQgetvalue(result, 0, column), size));
        bytes += size;
    }
    rows.push_back(std::move(row));
    return bytes;
}

}  // namespace

asio::awaitable<PostgresAttempt<PostgresRows>> PostgresConnection::query(std::string sql) {
    PostgresAttempt<void> sent = co_await send(std::move(sql));
    if (!sent) co_return std::unexpected(std::move(sent.error()));
    PostgresRows rows;
    std::size_t bytes = 0;
    std::optional<PostgresFailure> failure;
    for (;;) {
        PostgresAttempt<void> ready = co_await read_result();
        if (!ready) co_return std::unexpected(std::move(ready.error()));
        const ResultHandle result(PQgetResult(handle_.get()));
        if (result == nullptr) break;
        const ExecStatusType status = PQresultStatus(result.get());
        if (status == PGRES_SINGLE_TUPLE) {
            bytes += take_row(result.get(), rows);
            if (rows.size() > kMostRows || bytes > kMostBytes) {
                co_return std::unexpected(
                    failed("query", "too_many_rows", "the query gives more than a probe reads"));
            }
        } else if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT ||
                   status == PGRES_COPY_BOTH) {
            co_return std::unexpected(failed("query", "query_failed", "COPY is no query"));
        } else if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK &&
                   status != PGRES_EMPTY_QUERY && !failure) {
            const std::string sqlstate = field_of(result.get(), PG_DIAG_SQLSTATE);
            failure = sqlstate.empty()
                          ? lost()
                          : failure_of_sqlstate("query", sqlstate,
                                                field_of(result.get(), PG_DIAG_MESSAGE_PRIMARY));
        }
    }
    if (failure) co_return std::unexpected(std::move(*failure));
    co_return rows;
}

}  // namespace pilotlight::probes

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/dialer.h"
#include "runtime/services.h"
#include "runtime/socket.h"
#include "runtime/wait.h"

namespace asio = boost::asio;

namespace pilotlight::runtime {

namespace {

constexpr Duration kFullQueuePause = std::chrono::milliseconds(20);

Failure unix_failure(int code, const std::string& path) {
    struct Row {
        int code;
        std::string_view reason;
        bool unknown;
    };
    static constexpr Row kRows[] = {
        {ENOENT, "not_found", false},        {ENOTDIR, "not_found", false},
        {ECONNREFUSED, "refused", false},    {ENOTSOCK, "not_a_socket", false},
        {EPROTOTYPE, "not_a_socket", false}, {EACCES, "no_permission", true},
        {EPERM, "no_permission", true},      {EMFILE, "no_descriptors", true},
        {ENOBUFS, "no_memory", true},        {ENFILE, "no_descriptors", true},
        {ENOMEM, "no_memory", true},         {EAGAIN, "timeout", false},
    };
    const auto* row = std::ranges::find(kRows, code, &Row::code);
    const std::string detail =
        path + ": " + boost::system::error_code(code, boost::system::system_category()).message();
    if (row == std::end(kRows)) return {"connect", "connect_error", detail};
    return {"connect", std::string(row->reason), detail, row->unknown};
}

/// 0 or the error's number. A unix socket connects at once or not at all, and Asio would wait on
/// one whose listener's queue is full without ever connecting it.
int try_connect(Socket& socket, const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
    boost::system::error_code error;
    socket.io.open(asio::local::stream_protocol(), error);
    if (!error) socket.io.native_non_blocking(true, error);
    if (error) return error.value();
    const auto* raw = reinterpret_cast<const sockaddr*>(&address);
    return ::connect(socket.io.native_handle(), raw, sizeof address) == 0 ? 0 : errno;
}

asio::awaitable<Attempt<std::shared_ptr<Socket>>> connect_unix(Services& services, std::string path,
                                                               Deadline deadline) {
    while (true) {
        auto socket = std::make_shared<Socket>(services.executor());
        const int error = try_connect(*socket, path);
        if (error == 0) {
            socket->set_deadline(deadline);
            co_return socket;
        }
        socket->close();
        if (error != EAGAIN || deadline.passed()) {
            co_return std::unexpected(unix_failure(error, path));
        }
        const SteadyTime again = std::min(steady_now() + kFullQueuePause, deadline.at);
        co_await sleep_until(again);
    }
}

}  // namespace

asio::awaitable<DialResult> dial_unix(Services& services, std::string path,
                                      std::optional<TlsSettings> tls, Deadline deadline) {
    DialResult result;
    const SteadyTime began = steady_now();
    Attempt<std::shared_ptr<Socket>> connected =
        co_await connect_unix(services, std::move(path), deadline);
    result.timings.connect = steady_now() - began;
    if (!connected) {
        result.failure = std::move(connected.error());
        co_return result;
    }
    auto plain = std::make_unique<PlainStream>(std::move(*connected));
    if (!tls) {
        result.stream = std::move(plain);
        co_return result;
    }
    TlsUpgrade upgraded = co_await start_tls(services, std::move(plain), "", std::move(*tls),
                                             std::vector<std::string>());
    result.stream = std::move(upgraded.stream);
    result.failure = std::move(upgraded.failure);
    result.timings.tls = upgraded.duration;
    result.tls = std::move(upgraded.tls);
    co_return result;
}

}  // namespace pilotlight::runtime

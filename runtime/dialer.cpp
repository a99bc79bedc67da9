#include "runtime/dialer.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "core/check.h"
#include "runtime/services.h"
#include "runtime/socket.h"
#include "runtime/tls_stream.h"
#include "runtime/tls_versions.h"
#include "runtime/wait.h"

namespace asio = boost::asio;
using asio::ip::tcp;

namespace pilotlight::runtime {

namespace {

constexpr std::size_t kMaxAddresses = 8;
constexpr std::size_t kMaxProxyAnswer = 16'384;

tcp::endpoint endpoint_of(const IpAddress& address, std::uint16_t port) {
    if (address.version == 4) {
        asio::ip::address_v4::bytes_type bytes;
        std::copy_n(address.bytes.begin(), bytes.size(), bytes.begin());
        return {asio::ip::address_v4(bytes), port};
    }
    return {asio::ip::address_v6(address.bytes, address.scope), port};
}

std::string name_of(const IpAddress& address, std::uint16_t port) {
    const std::string text = address.to_string();
    return (address.version == 6 ? "[" + text + "]" : text) + ":" + std::to_string(port);
}

Failure connect_failure(const boost::system::error_code& error, const std::string& where) {
    struct Row {
        int code;
        std::string_view reason;
        bool unknown;
    };
    // Unknown is what says nothing of the target: no route from here, no descriptors (or epoll's
    // share of them), ports or memory left.
    static constexpr Row kRows[] = {
        {ECONNREFUSED, "refused", false},
        {ETIMEDOUT, "timeout", false},
        {EHOSTUNREACH, "unreachable", false},
        {ECONNRESET, "reset", false},
        {ENETUNREACH, "network_unreachable", true},
        {ENETDOWN, "network_unreachable", true},
        {EAFNOSUPPORT, "network_unreachable", true},
        {EADDRNOTAVAIL, "no_local_ports", true},
        {EAGAIN, "no_local_ports", true},
        {EMFILE, "no_descriptors", true},
        {ENFILE, "no_descriptors", true},
        {ENOSPC, "no_descriptors", true},
        {ENOBUFS, "no_memory", true},
        {ENOMEM, "no_memory", true},
        // A firewall of this machine's own.
        {EPERM, "no_permission", true},
        {EACCES, "no_permission", true},
    };
    const auto row = std::ranges::find(kRows, error.value(), &Row::code);
    if (row == std::end(kRows)) return {"connect", "connect_error", where + ": " + error.message()};
    return {"connect", std::string(row->reason), where + ": " + error.message(), row->unknown};
}

Failure source_failure(const IpAddress& source, const std::string& what) {
    return {"connect", "source_address", "from " + source.to_string() + ": " + what, true};
}

asio::awaitable<Attempt<std::shared_ptr<Socket>>> connect_one(Services& services, IpAddress address,
                                                              std::uint16_t port,
                                                              std::optional<IpAddress> source,
                                                              Deadline deadline) {
    auto socket = std::make_shared<Socket>(services.executor());
    const tcp::endpoint endpoint = endpoint_of(address, port);
    boost::system::error_code opened;
    socket->io.open(endpoint.protocol(), opened);
    if (opened) co_return std::unexpected(connect_failure(opened, name_of(address, port)));
    if (source) {
        boost::system::error_code bound;
        socket->io.bind(endpoint_of(*source, 0), bound);
        if (bound) co_return std::unexpected(source_failure(*source, bound.message()));
    }
    socket->set_deadline(deadline);
    const auto [error] =
        co_await socket->io.async_connect(endpoint, asio::as_tuple(asio::use_awaitable));
    if (!error) {
        // Nagle would hold the request back until the peer has acknowledged the handshake's end.
        boost::system::error_code ignored;
        socket->io.set_option(tcp::no_delay(true), ignored);
        co_return socket;
    }
    const bool expired = socket->expired();
    socket->close();
    if (expired) {
        co_return std::unexpected(
            Failure{"connect", "timeout", name_of(address, port) + ": no answer in time"});
    }
    if (error == asio::error::operation_aborted) throw_cancelled();
    co_return std::unexpected(connect_failure(error, name_of(address, port)));
}

/// How long the next of `left` addresses may take: a share, so that a silent one leaves time for
/// the others; the last has all there is.
Deadline share_of(Deadline whole, std::size_t left) {
    if (left <= 1) return whole;
    const SteadyTime now = steady_now();
    return {now + (whole.at - now) / static_cast<int>(left)};
}

/// Tries `result.resolved`; which answered and which did not then stands in the result, that the
/// caller keeps.
asio::awaitable<Attempt<std::shared_ptr<Socket>>> connect_any(Services& services,
                                                              std::uint16_t port,
                                                              std::optional<IpAddress> source,
                                                              Deadline deadline,
                                                              DialResult& result) {
    Failure first{"connect", "timeout", "no time left to connect"};
    bool has_first = false;
    const std::size_t count = std::min(result.resolved.size(), kMaxAddresses);
    for (std::size_t i = 0; i < count && !deadline.passed(); ++i) {
        const IpAddress address = result.resolved[i];
        result.address = address;
        const Deadline share = share_of(deadline, count - i);
        Attempt<std::shared_ptr<Socket>> connected =
            co_await connect_one(services, address, port, source, share);
        if (connected) {
            (*connected)->set_deadline(deadline);
            co_return connected;
        }
        result.refusals.push_back({address, connected.error().detail});
        // What the target did says more than what we could not do.
        if (!has_first || (first.unknown && !connected.error().unknown)) {
            first = std::move(connected.error());
        }
        has_first = true;
    }
    co_return std::unexpected(std::move(first));
}

/// How many addresses are left.
std::size_t keep_family(std::vector<IpAddress>& addresses, int version) {
    std::erase_if(addresses, [&](const IpAddress& address) { return address.version != version; });
    return addresses.size();
}

std::string connect_request(const DialRequest& request) {
    const bool literal = request.host.find(':') != std::string::npos;
    const std::string authority =
        (literal ? "[" + request.host + "]" : request.host) + ":" + std::to_string(request.port);
    std::string text = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
    for (const auto& [name, value] : request.proxy->headers)
        text.append(name).append(": ").append(value.reveal()).append("\r\n");
    if (!request.proxy->authorization.empty()) {
        text += "Proxy-Authorization: " + request.proxy->authorization.reveal() + "\r\n";
    }
    return text + "\r\n";
}

/// The status of `HTTP/1.x NNN ...`; 0 where it is no such line.
int proxy_status(std::string_view answer) {
    if (!answer.starts_with("HTTP/1.") || answer.size() < 12) return 0;
    int status = 0;
    const std::string_view digits = answer.substr(9, 3);
    std::from_chars(digits.data(), digits.data() + digits.size(), status);
    return status;
}

/// Nothing if the proxy now carries the connection.
asio::awaitable<std::optional<Failure>> ask_proxy(PlainStream& stream, std::string request) {
    const Attempt<void> written = co_await stream.write(request);
    if (!written) {
        Failure failure = written.error();
        co_return std::move(failure).in_phase("proxy");
    }
    std::string answer;
    std::array<char, 2'048> chunk;
    while (!answer.contains("\r\n\r\n")) {
        const Attempt<std::size_t> got = co_await stream.read_some(chunk);
        if (!got) {
            Failure failure = got.error();
            co_return std::move(failure).in_phase("proxy");
        }
        if (*got == 0) co_return Failure{"proxy", "closed", "the proxy hung up on CONNECT"};
        answer.append(chunk.data(), *got);
        if (answer.size() > kMaxProxyAnswer) {
            co_return Failure{"proxy", "proxy_protocol", "the proxy's answer has no end"};
        }
    }
    const int status = proxy_status(answer);
    if (status / 100 == 2 && answer.ends_with("\r\n\r\n")) co_return std::nullopt;
    if (status == 0 || status / 100 == 2) {
        co_return Failure{"proxy", "proxy_protocol", "the proxy does not answer as HTTP does"};
    }
    co_return Failure{"proxy", "proxy_refused",
                      "the proxy answered CONNECT with " + std::to_string(status)};
}

asio::awaitable<void> upgrade(Services& services, const DialRequest& request,
                              std::shared_ptr<Socket> socket, DialResult& result) {
    Attempt<std::shared_ptr<TlsContexts::Context>> context =
        services.tls_contexts().get(*request.tls);
    if (!context) {
        socket->close();
        result.failure = std::move(context.error());
        co_return;
    }
    HandshakeRequest handshake{request.host, request.port, *request.tls, request.alpn,
                               request.sessions};
    TlsUpgrade upgraded =
        co_await shake_hands(std::move(socket), std::move(*context), std::move(handshake));
    result.stream = std::move(upgraded.stream);
    result.failure = std::move(upgraded.failure);
    result.timings.tls = upgraded.duration;
    result.tls = std::move(upgraded.tls);
}

/// Reads what a server shows that speaks only versions that are not allowed. What it was asked for
/// has failed already.
asio::awaitable<void> look_again(Services& services, DialRequest request, Deadline deadline,
                                 DialResult& result) {
    const std::string allowed = allowed_versions(*request.tls);
    request.tls = any_version(std::move(*request.tls));
    request.sessions.reset();
    Attempt<std::shared_ptr<Socket>> connected =
        co_await connect_one(services, *result.address, request.port, request.source, deadline);
    if (!connected) co_return;
    DialResult seen;
    co_await upgrade(services, request, std::move(*connected), seen);
    if (!seen.tls) co_return;
    result.failure->detail = "the server speaks " + seen.tls->version + ", expected " + allowed;
    result.tls = std::move(seen.tls);
}

/// Closes the socket when a frame ends before a stream has it, a cancelled one included.
class Closing {
  public:
    explicit Closing(std::shared_ptr<Socket> socket) : stream_(std::move(socket)) {}
    [[nodiscard]] PlainStream& stream() { return stream_; }
    [[nodiscard]] std::shared_ptr<Socket> release() { return stream_.release(); }

  private:
    PlainStream stream_;
};

}  // namespace

asio::awaitable<DialResult> dial(Services& services, DialRequest request, Deadline deadline) {
    DialResult result;
    const SteadyTime began = steady_now();
    const std::string& host = request.proxy ? request.proxy->host : request.host;
    const std::uint16_t port = request.proxy ? request.proxy->port : request.port;
    Attempt<std::vector<IpAddress>> addresses =
        co_await services.resolver().resolve(host, request.ip, deadline);
    const SteadyTime resolved = steady_now();
    result.timings.resolve = resolved - began;
    if (!addresses) {
        result.failure = std::move(addresses.error());
        co_return result;
    }
    if (request.source && keep_family(*addresses, request.source->version) == 0) {
        result.failure = source_failure(*request.source, "the host has no address of its family");
        co_return result;
    }
    result.resolved = std::move(*addresses);
    Attempt<std::shared_ptr<Socket>> connected =
        co_await connect_any(services, port, request.source, deadline, result);
    result.timings.connect = steady_now() - resolved;
    if (result.address) services.note_address(host, *result.address);
    if (!connected) {
        result.failure = std::move(connected.error());
        co_return result;
    }
    Closing closing(std::move(*connected));
    if (request.proxy) {
        std::string ask = connect_request(request);
        result.failure = co_await ask_proxy(closing.stream(), std::move(ask));
        result.timings.connect = steady_now() - resolved;
        if (result.failure) co_return result;
    }
    if (!request.tls) {
        result.stream = std::make_unique<PlainStream>(closing.release());
        co_return result;
    }
    co_await upgrade(services, request, closing.release(), result);
    if (result.failure && result.failure->reason == "protocol_version" && !request.proxy) {
        co_await look_again(services, std::move(request), deadline, result);
    }
    co_return result;
}

asio::awaitable<TlsUpgrade> start_tls(Services& services, std::unique_ptr<Stream> plain,
                                      std::string host, TlsSettings settings,
                                      std::vector<std::string> alpn,
                                      std::shared_ptr<TlsSessions> sessions) {
    auto* stream = dynamic_cast<PlainStream*>(plain.get());
    PILOT_CHECK(stream != nullptr);
    TlsUpgrade upgrade;
    Attempt<std::shared_ptr<TlsContexts::Context>> context = services.tls_contexts().get(settings);
    if (!context) {
        upgrade.failure = std::move(context.error());
        co_return upgrade;
    }
    HandshakeRequest request{std::move(host), 0, std::move(settings), std::move(alpn),
                             std::move(sessions)};
    upgrade = co_await shake_hands(stream->release(), std::move(*context), std::move(request));
    co_return upgrade;
}

}  // namespace pilotlight::runtime

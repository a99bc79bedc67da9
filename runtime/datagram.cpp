#include "runtime/datagram.h"

#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/wait.h"

namespace asio = boost::asio;

namespace pilotlight::runtime {

struct DatagramSocket::State {
    State(const asio::any_io_executor& executor, int descriptor, bool has_ip_header)
        : socket(executor, descriptor), strips_header(has_ip_header) {}

    asio::posix::stream_descriptor socket;
    /// Raw IPv4 sockets give the IP header along.
    bool strips_header;
};

namespace {

using Kind = DatagramRequest::Kind;

/// What an error of the socket means; phase left empty.
Failure socket_failure(int code) {
    struct Row {
        int code;
        std::string_view reason;
        bool unknown;
    };
    static constexpr Row kRows[] = {
        {EACCES, "no_permission", true},
        {EPERM, "no_permission", true},
        {EMFILE, "no_descriptors", true},
        {ENFILE, "no_descriptors", true},
        {ENOBUFS, "no_memory", true},
        {ENOMEM, "no_memory", true},
        {ENETUNREACH, "network_unreachable", true},
        {ENETDOWN, "network_unreachable", true},
        {EAFNOSUPPORT, "network_unreachable", true},
        {EADDRNOTAVAIL, "source_address", true},
        {ECONNREFUSED, "refused", false},
        {EHOSTUNREACH, "unreachable", false},
        {EMSGSIZE, "too_large", false},
    };
    const auto* row = std::ranges::find(kRows, code, &Row::code);
    const std::string detail =
        boost::system::error_code(code, boost::system::system_category()).message();
    if (row == std::end(kRows)) return {"", "socket_error", detail};
    return {"", std::string(row->reason), detail, row->unknown};
}

struct RawAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
    [[nodiscard]] const sockaddr* get() const {
        return reinterpret_cast<const sockaddr*>(&storage);
    }
};

RawAddress raw_address(const IpAddress& address, std::uint16_t port) {
    RawAddress raw;
    if (address.version == 4) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&v4.sin_addr, address.bytes.data(), sizeof v4.sin_addr);
        raw.size = sizeof v4;
        std::memcpy(&raw.storage, &v4, sizeof v4);
        return raw;
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_scope_id = address.scope;
    std::memcpy(&v6.sin6_addr, address.bytes.data(), sizeof v6.sin6_addr);
    raw.size = sizeof v6;
    std::memcpy(&raw.storage, &v6, sizeof v6);
    return raw;
}

int open_socket(const DatagramRequest& request) {
    const bool v4 = request.peer.version == 4;
    const int family = v4 ? AF_INET : AF_INET6;
    int protocol = IPPROTO_ICMPV6;
    if (v4) protocol = IPPROTO_ICMP;
    const int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    switch (request.kind) {
        case Kind::udp:
            return ::socket(family, SOCK_DGRAM | flags, IPPROTO_UDP);
        case Kind::ping:
            return ::socket(family, SOCK_DGRAM | flags, protocol);
        case Kind::raw_icmp:
            return ::socket(family, SOCK_RAW | flags, protocol);
    }
    return -1;
}

bool set_option(int socket, int level, int name, int value) {
    return ::setsockopt(socket, level, name, &value, sizeof value) == 0;
}

/// Options first: with a hop limit, say, that the system refuses nothing must be sent.
bool prepare(int socket, const DatagramRequest& request) {
    const bool v4 = request.peer.version == 4;
    // Nice to know only, so not checked.
    if (v4) {
        set_option(socket, IPPROTO_IP, IP_RECVTTL, 1);
    } else {
        set_option(socket, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
    }
    if (request.hop_limit) {
        const bool set =
            v4 ? set_option(socket, IPPROTO_IP, IP_TTL, *request.hop_limit)
               : set_option(socket, IPPROTO_IPV6, IPV6_UNICAST_HOPS, *request.hop_limit);
        if (!set) return false;
    }
    if (request.dont_fragment && v4 &&
        !set_option(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)) {
        return false;
    }
    if (request.source) {
        const RawAddress source = raw_address(*request.source, 0);
        if (::bind(socket, source.get(), source.size) != 0) {
            if (errno == EAFNOSUPPORT || errno == EINVAL) errno = EADDRNOTAVAIL;
            return false;
        }
    }
    const RawAddress peer = raw_address(request.peer, request.port);
    return ::connect(socket, peer.get(), peer.size) == 0;
}

std::optional<int> hop_limit_of(msghdr& message) {
    for (cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) {
        const bool is_ttl = at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_TTL;
        const bool is_hops = at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_HOPLIMIT;
        if (!is_ttl && !is_hops) continue;
        int value = 0;
        std::memcpy(&value, CMSG_DATA(at), sizeof value);
        return value;
    }
    return std::nullopt;
}

/// Bytes received, or -1 and errno.
ssize_t receive_now(int socket, std::span<char> into, Datagram& datagram) {
    iovec buffer{into.data(), into.size()};
    alignas(cmsghdr) std::array<char, 256> control{};
    msghdr message{};
    message.msg_iov = &buffer;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(socket, &message, 0);
    if (got >= 0) datagram.hop_limit = hop_limit_of(message);
    return got;
}

/// Takes the IPv4 header away; 0 where there is none.
std::size_t without_ip_header(std::span<char> packet) {
    if (packet.empty()) return 0;
    const std::size_t header = static_cast<std::size_t>(packet[0] & 0x0f) * 4;
    if (header < 20 || header > packet.size()) return 0;
    std::copy(packet.begin() + static_cast<std::ptrdiff_t>(header), packet.end(), packet.begin());
    return packet.size() - header;
}

}  // namespace

DatagramSocket::DatagramSocket(std::unique_ptr<State> state) : state_(std::move(state)) {}
DatagramSocket::~DatagramSocket() = default;

Attempt<std::unique_ptr<DatagramSocket>> DatagramSocket::open(const asio::any_io_executor& executor,
                                                              const DatagramRequest& request) {
    const int socket = open_socket(request);
    if (socket < 0) return std::unexpected(socket_failure(errno));
    if (!prepare(socket, request)) {
        const int code = errno;
        ::close(socket);
        return std::unexpected(socket_failure(code));
    }
    const bool has_header = request.kind == Kind::raw_icmp && request.peer.version == 4;
    auto state = std::make_unique<State>(executor, socket, has_header);
    return std::unique_ptr<DatagramSocket>(new DatagramSocket(std::move(state)));
}

Attempt<void> DatagramSocket::send(std::string_view bytes) {
    const int socket = state_->socket.native_handle();
    if (::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0) return {};
    return std::unexpected(socket_failure(errno));
}

asio::awaitable<Attempt<std::optional<Datagram>>> DatagramSocket::receive(std::span<char> into,
                                                                          Deadline deadline) {
    while (true) {
        Datagram datagram;
        const ssize_t got = receive_now(state_->socket.native_handle(), into, datagram);
        if (got >= 0) {
            const auto size = static_cast<std::size_t>(got);
            datagram.size = state_->strips_header ? without_ip_header(into.first(size)) : size;
            co_return datagram;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            Failure failure = socket_failure(errno);
            // From the peer's side, whatever it would mean on ours.
            if (failure.reason == "network_unreachable") {
                failure.reason = "unreachable";
                failure.unknown = false;
            }
            co_return std::unexpected(std::move(failure));
        }
        asio::awaitable<void> readable =
            state_->socket.async_wait(asio::posix::descriptor_base::wait_read, asio::use_awaitable);
        const bool ready = co_await with_deadline(std::move(readable), deadline);
        if (!ready) co_return std::optional<Datagram>();
    }
}

}  // namespace pilotlight::runtime

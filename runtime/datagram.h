#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "runtime/deadline.h"
#include "runtime/failure.h"
#include "runtime/ip_address.h"

namespace pilotlight::runtime {

/// Whom a datagram socket speaks to, and how.
struct DatagramRequest {
    enum class Kind {
        udp,
        /// ICMP echo by a socket that any user of net.ipv4.ping_group_range may open. The kernel
        /// chooses the identifier and gives only the answers to it.
        ping,
        /// ICMP by a raw socket, which takes CAP_NET_RAW. Everything from the peer comes.
        raw_icmp,
    };
    Kind kind = Kind::udp;
    IpAddress peer;
    /// Of UDP.
    std::uint16_t port = 0;
    std::optional<IpAddress> source;
    /// The hop limit (TTL) of what is sent; the system's own where it is not set.
    std::optional<int> hop_limit;
    /// Sets the DF bit of IPv4: what is larger than the path's MTU is refused instead of cut up.
    bool dont_fragment = false;
};

struct Datagram {
    /// Bytes in the buffer; what did not fit is lost.
    std::size_t size = 0;
    /// Of the packet that came, where the system tells.
    std::optional<int> hop_limit;
};

/// A datagram socket that is connected to one peer: what others send does not come through.
/// Thread: its loop's.
class DatagramSocket {
  public:
    /// Fails, phase left empty, with unknown `no_permission`, `no_descriptors`, `source_address`,
    /// `network_unreachable`, or with `socket_error`.
    [[nodiscard]] static Attempt<std::unique_ptr<DatagramSocket>> open(
        const boost::asio::any_io_executor& executor, const DatagramRequest& request);
    DatagramSocket(const DatagramSocket&) = delete;
    DatagramSocket& operator=(const DatagramSocket&) = delete;
    ~DatagramSocket();

    /// Never waits: a full send buffer is `socket_error`. Fails as open() and receive(), or with
    /// `too_large`.
    [[nodiscard]] Attempt<void> send(std::string_view bytes);

    /// The next datagram, or nothing when `deadline` passes before one comes. For IPv4 raw sockets
    /// it begins behind the IP header. Fails with `refused` or `unreachable` when an ICMP error
    /// came instead. Throws only when cancelled.
    [[nodiscard]] boost::asio::awaitable<Attempt<std::optional<Datagram>>> receive(
        std::span<char> into, Deadline deadline);

  private:
    struct State;
    explicit DatagramSocket(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace pilotlight::runtime

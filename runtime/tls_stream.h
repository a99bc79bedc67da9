#pragma once

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <vector>

#include "runtime/dialer.h"
#include "runtime/tls.h"

/// Inside of the dialer: TLS on a connected socket.
namespace pilotlight::runtime {

class Socket;

struct HandshakeRequest {
    /// The name to check where the settings name none.
    std::string host;
    /// Tells servers of one name apart; 0 where it is not known.
    std::uint16_t port = 0;
    TlsSettings settings;
    std::vector<std::string> alpn{};
    std::shared_ptr<TlsSessions> sessions{};
};

/// Shakes hands by the socket's deadline and takes the socket over. Throws only when cancelled.
[[nodiscard]] boost::asio::awaitable<TlsUpgrade> shake_hands(
    std::shared_ptr<Socket> socket, std::shared_ptr<TlsContexts::Context> context,
    HandshakeRequest request);

}  // namespace pilotlight::runtime

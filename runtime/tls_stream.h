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

/// Shakes hands by the socket's deadline and takes the socket over. `host` is the name to check
/// where the settings name none. Throws only when cancelled.
[[nodiscard]] boost::asio::awaitable<TlsUpgrade> shake_hands(
    std::shared_ptr<Socket> socket, std::shared_ptr<TlsContexts::Context> context, std::string host,
    TlsSettings settings, std::vector<std::string> alpn);

}  // namespace pilotlight::runtime

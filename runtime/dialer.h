#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/secret.h"
#include "runtime/deadline.h"
#include "runtime/failure.h"
#include "runtime/ip_address.h"
#include "runtime/stream.h"
#include "runtime/tls.h"

namespace pilotlight::runtime {

class Services;
class TlsSessions;

/// An HTTP proxy that carries a connection by CONNECT (RFC 9110, 9.3.6).
struct ProxyAddress {
    std::string host;
    std::uint16_t port = 0;
    /// The value of Proxy-Authorization; empty for none.
    Secret authorization;
    /// More headers of CONNECT, valid as such.
    std::vector<std::pair<std::string, Secret>> headers{};
};

struct DialRequest {
    /// A name or a numeric address, IPv6 without brackets.
    std::string host;
    std::uint16_t port = 0;
    IpPreference ip;
    /// The address of this machine to connect from; other addresses of the host than of its family
    /// are not tried then.
    std::optional<IpAddress> source;
    /// TLS from the first byte, where set.
    std::optional<TlsSettings> tls;
    /// Protocols to offer by ALPN, best first.
    std::vector<std::string> alpn;
    std::optional<ProxyAddress> proxy;
    /// Where sessions are kept to be resumed by later dials; null for a full handshake each time.
    std::shared_ptr<TlsSessions> sessions{};
};

struct DialTimings {
    std::chrono::nanoseconds resolve{};
    /// All attempts, a proxy's answer included.
    std::chrono::nanoseconds connect{};
    std::chrono::nanoseconds tls{};
};

/// An address that was tried in vain, and why.
struct DialAttempt {
    IpAddress address;
    std::string error;
};

/// What came of a dial. Either `stream` or `failure` is set; the rest is there as far as it came.
struct DialResult {
    std::unique_ptr<Stream> stream;
    std::optional<Failure> failure;
    DialTimings timings;
    /// The address that was connected to, or the last one that was tried: the proxy's, with one.
    std::optional<IpAddress> address;
    /// All addresses that the name (the proxy's, with one) has, in the order to try them; the first
    /// few are.
    std::vector<IpAddress> resolved;
    /// Those that were tried in vain, in their order.
    std::vector<DialAttempt> refusals;
    /// Set when the handshake was completed, although the chain may not verify.
    std::optional<TlsInfo> tls;
};

/// Resolves, connects (the next address on a refusal, while time is left) and, where asked,
/// shakes hands. The handshake is completed even if the chain does not verify, so that its facts
/// are known; unless the settings skip verification that is then a failure in phase "tls". Of a
/// server that speaks no version that the settings allow, a second connection that allows any
/// reads the facts (not through a proxy); it stays a failure.
/// Throws only when cancelled. `services` outlives the call.
[[nodiscard]] boost::asio::awaitable<DialResult> dial(Services& services, DialRequest request,
                                                      Deadline deadline);

/// Connects to the unix socket at `path` and, where asked, shakes hands; the settings then name the
/// server. A queue of the listener that is full is waited for. Timings have no resolve.
[[nodiscard]] boost::asio::awaitable<DialResult> dial_unix(Services& services, std::string path,
                                                           std::optional<TlsSettings> tls,
                                                           Deadline deadline);

/// What came of starting TLS on a stream that is in use (STARTTLS).
struct TlsUpgrade {
    std::unique_ptr<Stream> stream;
    std::optional<Failure> failure;
    std::chrono::nanoseconds duration{};
    std::optional<TlsInfo> tls;
};

/// Reads until the server has sent a session to be resumed, at most until `until`: TLS 1.3 sends
/// them after the handshake. The stream is of no use then. Nothing to do where sessions are not
/// kept, or one is there already.
[[nodiscard]] boost::asio::awaitable<void> await_session(Stream& stream, Deadline until);

/// Takes over a plain stream that dial() gave; `host` is the name to check where the settings name
/// none.
[[nodiscard]] boost::asio::awaitable<TlsUpgrade> start_tls(Services& services,
                                                           std::unique_ptr<Stream> plain,
                                                           std::string host, TlsSettings settings,
                                                           std::vector<std::string> alpn = {},
                                                           std::shared_ptr<TlsSessions> = nullptr);

}  // namespace pilotlight::runtime

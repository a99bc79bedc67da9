#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/time.h"

/// Two clients that ask the same server the same: GET over a new connection, status 200, the body
/// matched; as many at once as told, one after the other, for a while.
namespace bench {

enum class Protocol { http, https, https_resumed };

struct Load {
    Protocol protocol = Protocol::http;
    std::uint16_t port = 0;
    /// PEM of the authority that the server's certificate is held against.
    std::string ca_file;
    std::size_t in_flight = 256;
    pilotlight::Duration length{};
    /// Of resumed sessions: how many handshakes may follow a full one.
    int full_every = 100;
};

struct Tally {
    std::uint64_t good = 0;
    std::uint64_t bad = 0;
    /// Why the first bad one was bad.
    std::string trouble;
};

/// epoll and OpenSSL alone, one thread, one SSL_CTX: what any client has to pay.
[[nodiscard]] Tally run_raw(const Load& load);

/// Pilotlight's own scheduler, prober and samples.
[[nodiscard]] Tally run_pilotlight(const Load& load);

}  // namespace bench

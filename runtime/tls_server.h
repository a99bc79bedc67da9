#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "runtime/tls.h"

struct ssl_st;
struct ssl_ctx_st;

namespace pilotlight::runtime {

/// Whether clients are asked for a certificate, and what becomes of those without a good one.
enum class TlsClientAuth { none, request, require_any, verify_if_given, require_and_verify };

/// How a server speaks TLS.
struct TlsServerSettings {
    /// Certificate, key and versions; `ca` and `ca_file` are those who vouch for clients.
    TlsSettings own;
    TlsClientAuth client_auth = TlsClientAuth::none;
    /// IANA names, for TLS 1.2 and below; empty for the library's.
    std::vector<std::string> cipher_suites;
    /// Groups by Go's names: "CurveP256", "CurveP384", "CurveP521", "X25519".
    std::vector<std::string> curves;
    bool prefers_own_order = true;
};

/// One connection's TLS, on a descriptor that does not block; the handshake is part of the first
/// reads and writes. Does not own the descriptor. Thread: one.
class TlsServerSession {
  public:
    enum class Step { done, wants_read, wants_write, failed };

    TlsServerSession(ssl_ctx_st* context, int descriptor);
    TlsServerSession(const TlsServerSession&) = delete;
    TlsServerSession& operator=(const TlsServerSession&) = delete;
    ~TlsServerSession();

    /// `done` with a count of 0 is the peer's end.
    [[nodiscard]] Step read(char* to, std::size_t size, std::size_t& count);
    [[nodiscard]] Step write(const char* from, std::size_t size, std::size_t& count);
    /// Whether read() gives something without the descriptor being readable.
    [[nodiscard]] bool has_pending() const;
    /// Says the end, if that can be said at once.
    void close();

  private:
    [[nodiscard]] Step step_of(int result) const;
    ssl_st* ssl_;
};

/// What the sessions of one listener share. Immutable; any thread.
class TlsServer {
  public:
    /// Fails where a file cannot be read or does not fit, or a name means nothing. Blocks on the
    /// disk.
    [[nodiscard]] static Result<std::shared_ptr<const TlsServer>> make(
        const TlsServerSettings& settings);
    explicit TlsServer(ssl_ctx_st* context) : context_(context) {}
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;
    ~TlsServer();

    [[nodiscard]] std::unique_ptr<TlsServerSession> accept(int descriptor) const;

  private:
    ssl_ctx_st* context_;
};

}  // namespace pilotlight::runtime

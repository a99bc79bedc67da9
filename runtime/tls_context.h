#pragma once

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/tls.h"

struct ssl_st;
struct ssl_ctx_st;
struct x509_st;
struct x509_store_ctx_st;

/// Inside of TLS: what runtime/tls*.cpp share. Nobody else includes this.
namespace pilotlight::runtime {

/// Certificates that were read before, by what they are of: a probe is mostly shown the same again.
class CertificateCache {
  public:
    static constexpr std::size_t kCertificatesMax = 2'000;

    /// Valid until the next call.
    [[nodiscard]] const Certificate& read(x509_st* certificate);

  private:
    std::unordered_map<std::string, Certificate> known_;
};

class TlsContexts::Context {
  public:
    /// Takes over `native`.
    Context(ssl_ctx_st* native, TlsSettings settings);
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    ~Context();

    [[nodiscard]] ssl_ctx_st* native() const { return native_; }
    [[nodiscard]] const TlsSettings& settings() const { return settings_; }
    [[nodiscard]] CertificateCache& certificates() { return certificates_; }

  private:
    ssl_ctx_st* native_;
    TlsSettings settings_;
    CertificateCache certificates_;
};

/// What the verification of one handshake found wrong, collected without ending the handshake.
class TlsVerdict {
  public:
    /// Sets SNI and the name to verify, and makes `ssl` report to this, which outlives it.
    void watch(ssl_st* ssl, const std::string& name);
    /// Reads the facts after a full handshake.
    [[nodiscard]] TlsInfo read(ssl_st* ssl, const std::string& name, CertificateCache& cache) const;

    struct Fault {
        int code = 0;
        int depth = 0;
    };

  private:
    static int on_fault(int ok, x509_store_ctx_st* store);

    std::vector<Fault> faults_;
};

/// The parts of a context that clients and servers have alike.
[[nodiscard]] Result<void> load_authorities(ssl_ctx_st* context, const TlsSettings& settings);
[[nodiscard]] Result<void> load_own_certificate(ssl_ctx_st* context, const TlsSettings& settings);
[[nodiscard]] Result<void> set_versions(ssl_ctx_st* context, const TlsSettings& settings);

[[nodiscard]] Certificate read_certificate(x509_st* certificate);

/// What a connection has of its own: the time, version, cipher and ALPN.
void read_connection(ssl_st* ssl, TlsInfo& info);

/// OpenSSL's newest error on this thread as a text; its queue is emptied.
[[nodiscard]] std::string take_openssl_error();

}  // namespace pilotlight::runtime

#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <memory>

#include "core/error.h"
#include "runtime/tls_authority.h"

namespace pilotlight::app::demo {

/// A TLS server on a free port of 127.0.0.1 that shakes hands and hangs up: something to have a
/// certificate. At most 64 connections at once, 5 s each.
class TlsServer {
  public:
    /// `executor`'s loop outlives this. Fails where it cannot listen.
    [[nodiscard]] static Result<std::unique_ptr<TlsServer>> start(
        boost::asio::any_io_executor executor, const runtime::IssuedCertificate& certificate);
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;
    /// Thread: any; connections that are open end by themselves.
    ~TlsServer();

    [[nodiscard]] int port() const;
    /// For connections from now on. Thread: any.
    [[nodiscard]] Result<void> present(const runtime::IssuedCertificate& certificate);

  private:
    struct State;
    explicit TlsServer(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace pilotlight::app::demo

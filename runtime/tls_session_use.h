#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runtime/tls_context.h"
#include "runtime/tls_session.h"

struct ssl_session_st;

/// Inside of TLS: how one handshake uses the sessions of its target.
namespace pilotlight::runtime {

/// One handshake's hold on TlsSessions. Lives as long as its connection: TLS 1.3 sends sessions
/// after the handshake.
class TlsSessionUse {
  public:
    struct FreeSession {
        void operator()(ssl_session_st* session) const;
    };
    using SessionPointer = std::unique_ptr<ssl_session_st, FreeSession>;

    /// `server` tells apart what the target's probes connect to.
    TlsSessionUse(std::shared_ptr<TlsSessions> sessions, std::string server,
                  std::shared_ptr<TlsContexts::Context> context);

    /// Before the handshake: offers the session that is kept, unless a full one is due.
    void offer(ssl_st* ssl);
    /// The handshake came to nothing.
    void failed();
    /// What the last full handshake showed, where this one was not full.
    [[nodiscard]] std::optional<TlsInfo> resumed(ssl_st* ssl);
    /// A full handshake's certificate was accepted: its sessions are kept from now on.
    void accept(const TlsInfo& info);
    /// It was not: nothing is kept.
    void refuse();

    [[nodiscard]] bool has_session() const;
    /// Called when a session was kept after the handshake.
    std::function<void()> on_kept;

    /// Before `ssl` is freed.
    static void spare(ssl_st* ssl);
    /// Makes the connections of `context` hand their sessions to those that use them.
    static void watch(ssl_ctx_st* context);

  private:
    static int on_session(ssl_st* ssl, ssl_session_st* session);
    void keep(SessionPointer session);
    [[nodiscard]] std::map<std::string, TlsSessions::Kept>& servers() const;

    std::shared_ptr<TlsSessions> sessions_;
    std::string server_;
    std::shared_ptr<TlsContexts::Context> context_;
    SessionPointer pending_;
    bool offered_ = false;
    bool accepted_ = false;
};

/// What is kept of one server.
struct TlsSessions::Kept {
    TlsSessionUse::SessionPointer session;
    std::shared_ptr<TlsContexts::Context> context;
    /// Of the last full handshake.
    TlsInfo info;
    /// Handshakes since then.
    int resumed = 0;
};

struct TlsSessions::State {
    int full_every = 2;
    std::map<std::string, Kept> servers;
};

}  // namespace pilotlight::runtime

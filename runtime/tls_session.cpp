#include "runtime/tls_session.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "runtime/tls_session_use.h"

namespace pilotlight::runtime {

namespace {

int use_slot() {
    static const int slot = ::SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return slot;
}

/// Until when the certificates of a full handshake speak for the server.
WallTime valid_until(const TlsInfo& info) {
    WallTime until = WallTime::max();
    if (info.earliest_expiry) until = std::min(until, *info.earliest_expiry);
    if (info.chain_expiry) until = std::min(until, *info.chain_expiry);
    return until;
}

}  // namespace

TlsSessions::TlsSessions(int full_every) : state_(std::make_unique<State>()) {
    PILOT_CHECK(full_every >= 2);
    state_->full_every = full_every;
}

TlsSessions::~TlsSessions() = default;

void TlsSessionUse::FreeSession::operator()(SSL_SESSION* session) const {
    ::SSL_SESSION_free(session);
}

TlsSessionUse::TlsSessionUse(std::shared_ptr<TlsSessions> sessions, std::string server,
                             std::shared_ptr<TlsContexts::Context> context)
    : sessions_(std::move(sessions)), server_(std::move(server)), context_(std::move(context)) {}

void TlsSessionUse::offer(ssl_st* ssl) {
    ::SSL_set_ex_data(ssl, use_slot(), this);
    const auto known = servers().find(server_);
    if (known == servers().end() || !known->second.session) return;
    TlsSessions::Kept& kept = known->second;
    const bool is_due = kept.resumed + 1 >= sessions_->state().full_every;
    const bool is_stale = kept.context != context_ || wall_now() >= valid_until(kept.info);
    if (is_due || is_stale || ::SSL_SESSION_is_resumable(kept.session.get()) != 1) {
        servers().erase(known);
        return;
    }
    // OpenSSL uses up a session of TLS 1.3; servers mostly take one again, and sending another for
    // each handshake is theirs to choose.
    const SessionPointer copy(::SSL_SESSION_dup(kept.session.get()));
    offered_ = copy && ::SSL_set_session(ssl, copy.get()) == 1;
}

void TlsSessionUse::failed() {
    // A server that stumbles over a session is asked without one next.
    if (offered_) servers().erase(server_);
}

std::optional<TlsInfo> TlsSessionUse::resumed(ssl_st* ssl) {
    if (!offered_ || ::SSL_session_reused(ssl) != 1) return std::nullopt;
    const auto known = servers().find(server_);
    if (known == servers().end()) return std::nullopt;
    accepted_ = true;
    ++known->second.resumed;
    return known->second.info;
}

void TlsSessionUse::accept(const TlsInfo& info) {
    if (servers().size() >= TlsSessions::kServersMax && !servers().contains(server_)) {
        servers().clear();
    }
    accepted_ = true;
    servers()[server_] = {std::move(pending_), context_, info, 0};
}

void TlsSessionUse::refuse() {
    servers().erase(server_);
}

bool TlsSessionUse::has_session() const {
    const auto known = servers().find(server_);
    return known != servers().end() && known->second.session != nullptr;
}

int TlsSessionUse::on_session(ssl_st* ssl, ssl_session_st* session) {
    auto* use = static_cast<TlsSessionUse*>(::SSL_get_ex_data(ssl, use_slot()));
    if (use == nullptr) return 0;
    use->keep(SessionPointer(session));
    return 1;
}

void TlsSessionUse::keep(SessionPointer session) {
    if (!accepted_) {
        pending_ = std::move(session);
        return;
    }
    const auto known = servers().find(server_);
    if (known == servers().end()) return;
    known->second.session = std::move(session);
    if (on_kept) on_kept();
}

std::map<std::string, TlsSessions::Kept>& TlsSessionUse::servers() const {
    return sessions_->state().servers;
}

void TlsSessionUse::spare(ssl_st* ssl) {
    // Freed without a farewell, OpenSSL would take the session for broken.
    ::SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    ::SSL_set_ex_data(ssl, use_slot(), nullptr);
}

void TlsSessionUse::watch(ssl_ctx_st* context) {
    ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    ::SSL_CTX_sess_set_new_cb(context, &TlsSessionUse::on_session);
}

}  // namespace pilotlight::runtime

#include "runtime/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "runtime/socket.h"
#include "runtime/tls_context.h"
#include "runtime/tls_session_use.h"

namespace asio = boost::asio;

namespace pilotlight::runtime {

namespace {

using SslStream = asio::ssl::stream<asio::generic::stream_protocol::socket&>;

bool is_end(const boost::system::error_code& error) {
    return error == asio::error::eof || error == asio::ssl::error::stream_truncated;
}

bool is_of_openssl(const boost::system::error_code& error) {
    return error.category() == asio::error::get_ssl_category();
}

std::string openssl_text(const boost::system::error_code& error) {
    const char* reason = ::ERR_reason_error_string(static_cast<unsigned long>(error.value()));
    return reason != nullptr ? reason : error.message();
}

/// What a server that speaks something else, or plain text, looks like to OpenSSL.
bool is_not_tls(const boost::system::error_code& error) {
    if (!is_of_openssl(error)) return false;
    const int reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
    return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
           reason == SSL_R_PACKET_LENGTH_TOO_LONG || reason == SSL_R_UNEXPECTED_MESSAGE ||
           reason == SSL_R_RECORD_LENGTH_MISMATCH || reason == SSL_R_BAD_RECORD_TYPE;
}

/// The server is heard and speaks TLS, but no version that we allow.
bool is_other_version(const boost::system::error_code& error) {
    if (!is_of_openssl(error)) return false;
    const int reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
    return reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_WRONG_SSL_VERSION ||
           reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION || reason == SSL_R_VERSION_TOO_LOW ||
           reason == SSL_R_VERSION_TOO_HIGH;
}

class TlsStream final : public Stream {
  public:
    TlsStream(std::shared_ptr<Socket> socket, std::shared_ptr<TlsContexts::Context> context)
        : socket_(std::move(socket)),
          context_(std::move(context)),
          asio_context_(share(context_->native())),
          ssl_(socket_->io, asio_context_) {}
    ~TlsStream() override {
        if (session_) TlsSessionUse::spare(native());
        socket_->close();
    }

    asio::awaitable<Attempt<std::size_t>> read_some(std::span<char> into) override {
        const auto [error, count] = co_await ssl_.async_read_some(
            asio::buffer(into.data(), into.size()), asio::as_tuple(asio::use_awaitable));
        if (!error) co_return count;
        if (is_end(error)) co_return std::size_t{0};
        co_return std::unexpected(failure_of(error));
    }

    asio::awaitable<Attempt<void>> write(std::string_view bytes) override {
        const auto [error, count] = co_await asio::async_write(
            ssl_, asio::buffer(bytes.data(), bytes.size()), asio::as_tuple(asio::use_awaitable));
        if (error) co_return std::unexpected(failure_of(error));
        co_return Attempt<void>();
    }

    asio::awaitable<std::optional<Failure>> handshake() {
        const auto [error] = co_await ssl_.async_handshake(asio::ssl::stream_base::client,
                                                           asio::as_tuple(asio::use_awaitable));
        if (!error) co_return std::nullopt;
        co_return handshake_failure(error);
    }

    void use(std::unique_ptr<TlsSessionUse> session) { session_ = std::move(session); }
    [[nodiscard]] TlsSessionUse* session() { return session_.get(); }

    /// Reads until a session has come, the peer has spoken, or `until`; nothing can be read then.
    asio::awaitable<void> await_session(Deadline until) {
        if (!session_ || session_->has_session()) co_return;
        socket_->set_deadline(std::min(until, socket_->deadline()));
        session_->on_kept = [socket = socket_] { socket->set_deadline({steady_now()}); };
        char byte = 0;
        Attempt<std::size_t> got = co_await read_some({&byte, 1});
        static_cast<void>(got);
    }

    void set_deadline(Deadline deadline) override { socket_->set_deadline(deadline); }
    [[nodiscard]] Deadline deadline() const override { return socket_->deadline(); }
    asio::any_io_executor executor() override { return socket_->io.get_executor(); }
    [[nodiscard]] ssl_st* native() { return ssl_.native_handle(); }

  private:
    static ssl_ctx_st* share(ssl_ctx_st* native) {
        ::SSL_CTX_up_ref(native);
        return native;
    }

    [[nodiscard]] Failure failure_of(const boost::system::error_code& error) const {
        if (!socket_->expired() && is_of_openssl(error)) {
            return {"", "tls_error", openssl_text(error)};
        }
        return socket_->failure_of(error);
    }

    [[nodiscard]] Failure handshake_failure(const boost::system::error_code& error) const {
        if (!socket_->expired()) {
            if (is_end(error)) return {"tls", "closed", "the peer hung up in the handshake"};
            if (is_not_tls(error)) return {"tls", "not_tls", "the peer does not speak TLS"};
            if (is_other_version(error)) {
                return {"tls", "protocol_version",
                        "the peer speaks no version of TLS that is allowed here"};
            }
            if (is_of_openssl(error)) return {"tls", "handshake", openssl_text(error)};
        }
        return socket_->failure_of(error).in_phase("tls");
    }

    std::shared_ptr<Socket> socket_;
    std::shared_ptr<TlsContexts::Context> context_;
    asio::ssl::context asio_context_;
    SslStream ssl_;
    std::unique_ptr<TlsSessionUse> session_;
};

/// Each address of a name is a server by itself: it may show another certificate.
std::unique_ptr<TlsSessionUse> use_of(const HandshakeRequest& request, const std::string& name,
                                      const Socket& socket,
                                      std::shared_ptr<TlsContexts::Context> context) {
    std::string server = name + ":" + std::to_string(request.port) + "@";
    boost::system::error_code ignored;
    const auto peer = socket.io.remote_endpoint(ignored);
    server.append(reinterpret_cast<const char*>(peer.data()), peer.size());
    for (const std::string& protocol : request.alpn)
        server += "," + protocol;
    return std::make_unique<TlsSessionUse>(request.sessions, std::move(server), std::move(context));
}

/// The facts, and what becomes of the session.
TlsInfo read_facts(TlsStream& stream, TlsVerdict& verdict, CertificateCache& certificates,
                   const std::string& name, bool accepts_any) {
    TlsSessionUse* const session = stream.session();
    if (session != nullptr) {
        std::optional<TlsInfo> last = session->resumed(stream.native());
        if (last) {
            read_connection(stream.native(), *last);
            last->resumed = true;
            return std::move(*last);
        }
    }
    TlsInfo info = verdict.read(stream.native(), name, certificates);
    if (session == nullptr) return info;
    if (info.verified || (accepts_any && !info.chain.empty())) {
        session->accept(info);
    } else {
        session->refuse();
    }
    return info;
}

/// The wire form of RFC 7301, 3.1; names that do not fit are left out.
std::string alpn_wire(const std::vector<std::string>& protocols) {
    std::string wire;
    for (const std::string& protocol : protocols) {
        if (protocol.empty() || protocol.size() > 255) continue;
        wire += static_cast<char>(protocol.size());
        wire += protocol;
    }
    return wire;
}

}  // namespace

asio::awaitable<TlsUpgrade> shake_hands(std::shared_ptr<Socket> socket,
                                        std::shared_ptr<TlsContexts::Context> context,
                                        HandshakeRequest request) {
    const SteadyTime began = steady_now();
    const std::string& name =
        request.settings.server_name.empty() ? request.host : request.settings.server_name;
    const bool accepts_any = request.settings.insecure_skip_verify;
    TlsUpgrade upgrade;
    TlsVerdict verdict;
    std::unique_ptr<TlsSessionUse> session;
    if (request.sessions) session = use_of(request, name, *socket, context);
    auto stream = std::make_unique<TlsStream>(std::move(socket), context);
    verdict.watch(stream->native(), name);
    if (session) {
        stream->use(std::move(session));
        stream->session()->offer(stream->native());
    }
    const std::string wire = alpn_wire(request.alpn);
    if (!wire.empty()) {
        ::SSL_set_alpn_protos(stream->native(), reinterpret_cast<const unsigned char*>(wire.data()),
                              static_cast<unsigned int>(wire.size()));
    }
    upgrade.failure = co_await stream->handshake();
    upgrade.duration = steady_now() - began;
    if (upgrade.failure) {
        if (stream->session() != nullptr) stream->session()->failed();
        co_return upgrade;
    }
    upgrade.tls = read_facts(*stream, verdict, context->certificates(), name, accepts_any);
    // The verdict ends with this coroutine; TLS 1.2 may verify once more on renegotiation.
    ::SSL_set_verify(stream->native(), SSL_VERIFY_NONE, nullptr);
    if (!upgrade.tls->verified && !accepts_any) {
        upgrade.failure = Failure{"tls", upgrade.tls->reason, upgrade.tls->detail};
        co_return upgrade;
    }
    upgrade.stream = std::move(stream);
    co_return upgrade;
}

asio::awaitable<void> await_session(Stream& stream, Deadline until) {
    auto* tls = dynamic_cast<TlsStream*>(&stream);
    if (tls != nullptr) co_await tls->await_session(until);
}

}  // namespace pilotlight::runtime

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

class TlsStream final : public Stream {
  public:
    TlsStream(std::shared_ptr<Socket> socket, std::shared_ptr<TlsContexts::Context> context)
        : socket_(std::move(socket)),
          context_(std::move(context)),
          asio_context_(share(context_->native())),
          ssl_(socket_->io, asio_context_) {}
    ~TlsStream() override { socket_->close(); }

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
            if (is_of_openssl(error)) return {"tls", "handshake", openssl_text(error)};
        }
        return socket_->failure_of(error).in_phase("tls");
    }

    std::shared_ptr<Socket> socket_;
    std::shared_ptr<TlsContexts::Context> context_;
    asio::ssl::context asio_context_;
    SslStream ssl_;
};

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
                                        std::string host, TlsSettings settings,
                                        std::vector<std::string> alpn) {
    const SteadyTime began = steady_now();
    const std::string name = settings.server_name.empty() ? host : settings.server_name;
    TlsUpgrade upgrade;
    TlsVerdict verdict;
    auto stream = std::make_unique<TlsStream>(std::move(socket), std::move(context));
    verdict.watch(stream->native(), name);
    const std::string wire = alpn_wire(alpn);
    if (!wire.empty()) {
        ::SSL_set_alpn_protos(stream->native(), reinterpret_cast<const unsigned char*>(wire.data()),
                              static_cast<unsigned int>(wire.size()));
    }
    upgrade.failure = co_await stream->handshake();
    upgrade.duration = steady_now() - began;
    if (upgrade.failure) co_return upgrade;
    upgrade.tls = verdict.read(stream->native(), name);
    // The verdict ends with this coroutine; TLS 1.2 may verify once more on renegotiation.
    ::SSL_set_verify(stream->native(), SSL_VERIFY_NONE, nullptr);
    if (!upgrade.tls->verified && !settings.insecure_skip_verify) {
        upgrade.failure = Failure{"tls", upgrade.tls->reason, upgrade.tls->detail};
        co_return upgrade;
    }
    upgrade.stream = std::move(stream);
    co_return upgrade;
}

}  // namespace pilotlight::runtime

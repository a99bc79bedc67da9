#include "app/demo/tls_server.h"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <mutex>

namespace pilotlight::app::demo {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Context = std::shared_ptr<asio::ssl::context>;

constexpr int kConnectionsMax = 64;
constexpr std::chrono::seconds kConnectionTime{5};

Result<Context> make_context(const runtime::IssuedCertificate& certificate) {
    try {
        auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
        context->use_certificate_chain(asio::buffer(certificate.certificate_pem));
        context->use_private_key(asio::buffer(certificate.key_pem), asio::ssl::context::pem);
        return context;
    } catch (const boost::system::system_error& error) {
        return fail(std::string("the demo's TLS server: ") + error.what());
    }
}

}  // namespace

struct TlsServer::State : std::enable_shared_from_this<State> {
    explicit State(const asio::any_io_executor& executor) : acceptor(executor) {}

    tcp::acceptor acceptor;
    std::mutex mutex;
    Context context;
    std::atomic<int> connections = 0;

    Context current() {
        const std::scoped_lock lock(mutex);
        return context;
    }

    void accept_next() {
        acceptor.async_accept(
            [self = shared_from_this()](boost::system::error_code error, tcp::socket socket) {
                if (error == asio::error::operation_aborted || !self->acceptor.is_open()) return;
                if (!error && self->connections < kConnectionsMax) self->serve(std::move(socket));
                self->accept_next();
            });
    }

    /// Kept alive by its handlers: stream, context and timer end together.
    void serve(tcp::socket socket) {
        struct Connection {
            Context context;
            asio::ssl::stream<tcp::socket> stream;
            asio::steady_timer timer;
            std::shared_ptr<State> server;
            Connection(Context c, tcp::socket s, std::shared_ptr<State> owner)
                : context(std::move(c)),
                  stream(std::move(s), *context),
                  timer(stream.get_executor(), kConnectionTime),
                  server(std::move(owner)) {
                ++server->connections;
            }
            Connection(const Connection&) = delete;
            Connection& operator=(const Connection&) = delete;
            ~Connection() { --server->connections; }
        };
        auto connection =
            std::make_shared<Connection>(current(), std::move(socket), shared_from_this());
        connection->timer.async_wait([connection](boost::system::error_code) {
            boost::system::error_code ignored;
            connection->stream.lowest_layer().close(ignored);
        });
        connection->stream.async_handshake(
            asio::ssl::stream_base::server, [connection](boost::system::error_code error) {
                if (error) {
                    connection->timer.cancel();
                    return;
                }
                connection->stream.async_shutdown(
                    [connection](boost::system::error_code) { connection->timer.cancel(); });
            });
    }
};

TlsServer::TlsServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<TlsServer>> TlsServer::start(asio::any_io_executor executor,
                                                    const runtime::IssuedCertificate& certificate) {
    auto context = make_context(certificate);
    if (!context) return std::unexpected(context.error());
    auto state = std::make_shared<State>(executor);
    state->context = *context;
    boost::system::error_code error;
    const tcp::endpoint any_port(asio::ip::address_v4::loopback(), 0);
    state->acceptor.open(any_port.protocol(), error);
    if (!error) state->acceptor.bind(any_port, error);
    if (!error) state->acceptor.listen(kConnectionsMax, error);
    if (error) return fail("the demo's TLS server cannot listen: " + error.message());
    state->accept_next();
    return std::unique_ptr<TlsServer>(new TlsServer(std::move(state)));
}

TlsServer::~TlsServer() {
    asio::post(state_->acceptor.get_executor(), [state = state_] {
        boost::system::error_code ignored;
        state->acceptor.close(ignored);
    });
}

int TlsServer::port() const {
    return state_->acceptor.local_endpoint().port();
}

Result<void> TlsServer::present(const runtime::IssuedCertificate& certificate) {
    auto context = make_context(certificate);
    if (!context) return std::unexpected(context.error());
    const std::scoped_lock lock(state_->mutex);
    state_->context = *context;
    return {};
}

}  // namespace pilotlight::app::demo

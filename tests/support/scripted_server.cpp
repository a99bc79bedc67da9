#include "tests/support/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace pilotlight::testing {

namespace {

using ContextPointer = std::shared_ptr<SSL_CTX>;

void require(bool good, const char* what) {
    if (!good) throw std::runtime_error(std::string("scripted server: ") + what);
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

std::uint16_t port_of(int fd) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    require(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
    return address.sin_family == AF_INET ? ntohs(address.sin_port) : 0;
}

int bind_loopback() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(fd >= 0, "socket");
    const sockaddr_in address = loopback(0);
    require(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "bind");
    return fd;
}

int bind_unix(const std::string& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(fd >= 0, "socket");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    require(path.size() < sizeof address.sun_path, "path");
    std::memcpy(address.sun_path, path.data(), path.size());
    require(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "bind");
    return fd;
}

BIO* bio_of(const std::string& text) {
    return ::BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
}

std::shared_ptr<X509> read_x509(const std::string& pem) {
    BIO* bio = bio_of(pem);
    std::shared_ptr<X509> x509(::PEM_read_bio_X509(bio, nullptr, nullptr, nullptr), &::X509_free);
    ::BIO_free(bio);
    require(x509 != nullptr, "certificate");
    return x509;
}

int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned int in_size, void* argument) {
    const auto& wanted = *static_cast<const std::string*>(argument);
    for (unsigned int at = 0; at < in_size; at += 1U + in[at]) {
        const std::string_view offered(reinterpret_cast<const char*>(in + at + 1), in[at]);
        if (offered != wanted) continue;
        *out = in + at + 1;
        *out_size = in[at];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

ContextPointer make_context(const ScriptedServer::Tls& tls) {
    ContextPointer context(::SSL_CTX_new(::TLS_server_method()), &::SSL_CTX_free);
    const auto x509 = read_x509(tls.identity.certificate);
    require(::SSL_CTX_use_certificate(context.get(), x509.get()) == 1, "use certificate");
    BIO* bio = bio_of(tls.identity.key);
    EVP_PKEY* key = ::PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
    ::BIO_free(bio);
    require(::SSL_CTX_use_PrivateKey(context.get(), key) == 1, "use key");
    ::EVP_PKEY_free(key);
    if (!tls.client_authority.empty()) {
        const auto authority = read_x509(tls.client_authority);
        ::X509_STORE_add_cert(::SSL_CTX_get_cert_store(context.get()), authority.get());
        ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                             nullptr);
    }
    if (tls.max_version != 0) ::SSL_CTX_set_max_proto_version(context.get(), tls.max_version);
    if (tls.max_version != 0 && tls.max_version < TLS1_2_VERSION) {
        ::SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
        ::SSL_CTX_set_cipher_list(context.get(), "DEFAULT:@SECLEVEL=0");
    }
    if (!tls.alpn.empty()) {
        ::SSL_CTX_set_alpn_select_cb(context.get(), &choose_alpn,
                                     const_cast<std::string*>(&tls.alpn));
    }
    return context;
}

/// One accepted connection: blocking, ended from outside by shutting its socket down.
struct Connection {
    explicit Connection(int accepted) : fd(accepted) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() {
        if (ssl != nullptr) ::SSL_free(ssl);
        if (fd >= 0) ::close(fd);
    }

    long read(char* into, std::size_t size) {
        if (ssl != nullptr) return ::SSL_read(ssl, into, static_cast<int>(size));
        return ::recv(fd, into, size, 0);
    }

    bool write(std::string_view bytes) {
        while (!bytes.empty()) {
            const long count = ssl != nullptr
                                   ? ::SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size()))
                                   : ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }

    std::atomic<int> fd;
    SSL* ssl = nullptr;
    bool starts_tls = false;
    std::mutex mutex;
    std::string received;  // under mutex
    std::thread thread;
};

void note(Connection& connection, std::string_view bytes) {
    const std::scoped_lock lock(connection.mutex);
    connection.received.append(bytes);
}

void read_until_end(Connection& connection) {
    char chunk[4096];
    while (true) {
        const long count = connection.read(chunk, sizeof chunk);
        if (count <= 0) return;
        note(connection, {chunk, static_cast<std::size_t>(count)});
    }
}

/// Beyond what earlier expectations have used up; `used` is moved on.
bool read_until(Connection& connection, const std::string& text, std::size_t& used) {
    char chunk[4096];
    while (true) {
        {
            const std::scoped_lock lock(connection.mutex);
            const std::size_t at = connection.received.find(text, used);
            if (at != std::string::npos) {
                used = at + text.size();
                return true;
            }
        }
        // What comes behind may be the handshake's already.
        const bool before_tls = connection.starts_tls && connection.ssl == nullptr;
        const long count = connection.read(chunk, before_tls ? 1 : sizeof chunk);
        if (count <= 0) return false;
        note(connection, {chunk, static_cast<std::size_t>(count)});
    }
}

void send_reset(Connection& connection) {
    const linger now{1, 0};
    ::setsockopt(connection.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    const int fd = connection.fd.exchange(-1);
    ::close(fd);
}

}  // namespace

Step expect(std::string text) {
    return {Step::Kind::expect, std::move(text), {}};
}
Step send(std::string text) {
    return {Step::Kind::send, std::move(text), {}};
}
Step drip(std::string text, std::chrono::milliseconds every) {
    return {Step::Kind::drip, std::move(text), every};
}
Step stall() {
    return {Step::Kind::stall, "", {}};
}
Step half_close() {
    return {Step::Kind::half_close, "", {}};
}
Step reset() {
    return {Step::Kind::reset, "", {}};
}
Step close() {
    return {Step::Kind::close, "", {}};
}
Step start_tls() {
    return {Step::Kind::start_tls, "", {}};
}

std::string http_text(int status, std::string_view body, const std::vector<std::string>& headers) {
    std::string text = "HTTP/1.1 " + std::to_string(status) + " Reason\r\n";
    for (const std::string& header : headers)
        text += header + "\r\n";
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    return text.append(body);
}

Script http_answer(int status, std::string body, std::vector<std::string> headers) {
    return {expect("\r\n\r\n"), send(http_text(status, body, headers)), close()};
}

struct ScriptedServer::State {
    std::vector<Script> scripts;
    std::optional<Tls> tls;
    ContextPointer context;
    int listener = -1;
    std::uint16_t port = 0;
    std::thread acceptor;
    mutable std::mutex mutex;
    std::vector<std::unique_ptr<Connection>> connections;  // under mutex
    std::atomic<bool> stopping = false;

    void start(std::vector<Script> chosen) { start_on(bind_loopback(), std::move(chosen)); }

    void start_on(int bound, std::vector<Script> chosen) {
        // OpenSSL writes without MSG_NOSIGNAL.
        static const bool ignored = ::signal(SIGPIPE, SIG_IGN) != SIG_ERR;
        require(ignored, "signal");
        scripts = std::move(chosen);
        listener = bound;
        require(::listen(listener, 128) == 0, "listen");
        port = port_of(listener);
        acceptor = std::thread([this] { accept(); });
    }

    void accept() {
        while (!stopping) {
            pollfd waiting{listener, POLLIN, 0};
            if (::poll(&waiting, 1, 20) <= 0) continue;
            const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) continue;
            const std::scoped_lock lock(mutex);
            const std::size_t index = connections.size();
            connections.push_back(std::make_unique<Connection>(fd));
            Connection* connection = connections.back().get();
            connection->starts_tls = tls && !tls->at_once;
            const Script* script = &scripts[std::min(index, scripts.size() - 1)];
            connection->thread = std::thread([this, connection, script] {
                run(*connection, *script);
                finish(*connection);
            });
        }
    }

    void run(Connection& connection, const Script& script) {
        if (tls && tls->at_once && !shake_hands(connection)) return;
        std::size_t used = 0;
        for (const Step& step : script) {
            if (!follow(connection, step, used)) return;
        }
    }

    bool shake_hands(Connection& connection) {
        connection.ssl = ::SSL_new(context.get());
        ::SSL_set_fd(connection.ssl, connection.fd);
        return ::SSL_accept(connection.ssl) == 1;
    }

    bool follow(Connection& connection, const Step& step, std::size_t& used) {
        switch (step.kind) {
            case Step::Kind::expect:
                return read_until(connection, step.text, used);
            case Step::Kind::send:
                return connection.write(step.text);
            case Step::Kind::drip:
                return drip_out(connection, step);
            case Step::Kind::stall:
                read_until_end(connection);
                return false;
            case Step::Kind::half_close:
                ::shutdown(connection.fd, SHUT_WR);
                read_until_end(connection);
                return false;
            case Step::Kind::reset:
                send_reset(connection);
                return false;
            case Step::Kind::close:
                return false;
            case Step::Kind::start_tls:
                return shake_hands(connection);
        }
        return false;
    }

    bool drip_out(Connection& connection, const Step& step) {
        for (const char& c : step.text) {
            // Waits for the client to hang up, at most for the pause.
            pollfd gone{connection.fd, POLLRDHUP, 0};
            if (::poll(&gone, 1, static_cast<int>(step.every.count())) != 0) return false;
            if (stopping || !connection.write({&c, 1})) return false;
        }
        return true;
    }

    /// Closes as a decent server does: what the client still sends is taken, so that no RST
    /// overtakes the answer.
    void finish(Connection& connection) {
        if (connection.fd < 0) return;
        if (connection.ssl != nullptr) ::SSL_shutdown(connection.ssl);
        ::shutdown(connection.fd, SHUT_WR);
    }
};

ScriptedServer::ScriptedServer(Script script)
    : ScriptedServer(std::vector<Script>{std::move(script)}) {}

ScriptedServer::ScriptedServer(std::vector<Script> scripts) : state_(std::make_unique<State>()) {
    state_->start(std::move(scripts));
}

ScriptedServer::ScriptedServer(UnixPath at, Script script, std::optional<Tls> tls)
    : state_(std::make_unique<State>()) {
    state_->tls = std::move(tls);
    if (state_->tls) state_->context = make_context(*state_->tls);
    state_->start_on(bind_unix(at.path), {std::move(script)});
}

ScriptedServer::ScriptedServer(std::vector<Script> scripts, Tls tls)
    : state_(std::make_unique<State>()) {
    state_->tls = std::move(tls);
    state_->context = make_context(*state_->tls);
    state_->start(std::move(scripts));
}

ScriptedServer::~ScriptedServer() {
    state_->stopping = true;
    state_->acceptor.join();
    for (const auto& connection : state_->connections) {
        if (connection->fd >= 0) ::shutdown(connection->fd, SHUT_RDWR);
        connection->thread.join();
    }
    ::close(state_->listener);
}

std::uint16_t ScriptedServer::port() const {
    return state_->port;
}

std::string ScriptedServer::address() const {
    return "127.0.0.1:" + std::to_string(port());
}

std::string ScriptedServer::url(std::string_view path) const {
    const bool tls = state_->tls && state_->tls->at_once;
    return (tls ? "https://" : "http://") + address() + std::string(path);
}

std::size_t ScriptedServer::connections() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->connections.size();
}

std::string ScriptedServer::received(std::size_t connection) const {
    const std::scoped_lock lock(state_->mutex);
    if (connection >= state_->connections.size()) return "";
    Connection& at = *state_->connections[connection];
    const std::scoped_lock inner(at.mutex);
    return at.received;
}

bool ScriptedServer::receives(std::string_view text, std::size_t connection) const {
    for (int turn = 0; turn < 2'000; ++turn) {
        if (received(connection).find(text) != std::string::npos) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
}

std::uint16_t refused_port() {
    // Bound but not listening, for the life of the process: nobody else can be given it.
    static const std::uint16_t port = port_of(bind_loopback());
    return port;
}

}  // namespace pilotlight::testing

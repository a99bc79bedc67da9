#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "bench/probe_limit/client.h"

namespace bench {
namespace {

using namespace std::string_view_literals;
constexpr auto kRequest =
    "GET /target/1 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"sv;

struct Connection {
    int fd = -1;
    SSL* ssl = nullptr;
    bool connected = false;
    bool shaken = false;
    bool sent = false;
    std::array<char, 4096> answer{};
    std::size_t length = 0;
};

enum class Progress { waiting, good, bad };

class RawClient {
  public:
    explicit RawClient(const Load& load) : load_(load), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        address_.sin_family = AF_INET;
        address_.sin_port = htons(load.port);
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (load.protocol != Protocol::http) make_context();
    }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;
    ~RawClient() {
        ::close(epoll_);
        ::SSL_SESSION_free(session_);
        ::SSL_CTX_free(context_);
    }

    Tally run() {
        std::vector<Connection> connections(load_.in_flight);
        for (Connection& connection : connections)
            open(connection);
        const auto until = pilotlight::steady_now() + load_.length;
        std::array<epoll_event, 512> events{};
        while (pilotlight::steady_now() < until) {
            const int count = ::epoll_wait(epoll_, events.data(), events.size(), 100);
            for (int i = 0; i < count; ++i)
                go_on(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
        }
        for (Connection& connection : connections)
            close(connection);
        return tally_;
    }

  private:
    void make_context() {
        context_ = ::SSL_CTX_new(::TLS_client_method());
        ::SSL_CTX_set_options(context_, SSL_OP_IGNORE_UNEXPECTED_EOF);
        ::SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
        if (::SSL_CTX_load_verify_file(context_, load_.ca_file.c_str()) != 1) {
            throw std::runtime_error("cannot read " + load_.ca_file);
        }
        if (load_.protocol != Protocol::https_resumed) return;
        ::SSL_CTX_set_session_cache_mode(context_,
                                         SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
        SSL_CTX_set_app_data(context_, this);
        ::SSL_CTX_sess_set_new_cb(context_, [](SSL* ssl, SSL_SESSION* session) {
            auto* self = static_cast<RawClient*>(SSL_CTX_get_app_data(::SSL_get_SSL_CTX(ssl)));
            ::SSL_SESSION_free(self->session_);
            self->session_ = session;
            return 1;
        });
    }

    void open(Connection& connection) {
        connection = Connection{};
        connection.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        const int one = 1;
        ::setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        ::connect(connection.fd, reinterpret_cast<const sockaddr*>(&address_), sizeof address_);
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLET;
        event.data.ptr = &connection;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
        if (context_ == nullptr) return;
        connection.ssl = ::SSL_new(context_);
        ::SSL_set_fd(connection.ssl, connection.fd);
        ::SSL_set_connect_state(connection.ssl);
        ::SSL_set1_host(connection.ssl, "127.0.0.1");
        const bool full = session_ == nullptr || ++resumed_ % load_.full_every == 0;
        if (load_.protocol == Protocol::https_resumed && !full) {
            ::SSL_set_session(connection.ssl, session_);
        }
    }

    void close(Connection& connection) {
        if (connection.ssl != nullptr) {
            // A session of a connection that was not shut down is not resumed.
            ::SSL_set_shutdown(connection.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
            ::SSL_free(connection.ssl);
        }
        ::close(connection.fd);
        connection.ssl = nullptr;
    }

    void go_on(Connection& connection) {
        const Progress progress =
            connection.ssl != nullptr ? step_tls(connection) : step(connection);
        if (progress == Progress::waiting) return;
        ++(progress == Progress::good ? tally_.good : tally_.bad);
        if (progress == Progress::bad && tally_.trouble.empty()) {
            tally_.trouble = std::string(connection.answer.data(), connection.length);
        }
        close(connection);
        open(connection);
    }

    Progress step(Connection& connection) {
        if (!connection.sent) {
            const long sent = ::send(connection.fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL);
            if (sent < 0) return errno == EAGAIN ? Progress::waiting : Progress::bad;
            connection.sent = true;
        }
        for (;;) {
            const long count = ::recv(connection.fd, connection.answer.data() + connection.length,
                                      connection.answer.size() - connection.length, 0);
            if (count < 0) return errno == EAGAIN ? Progress::waiting : Progress::bad;
            connection.length += static_cast<std::size_t>(count);
            if (is_whole(connection)) return judge(connection);
            if (count == 0) return Progress::bad;
        }
    }

    Progress step_tls(Connection& connection) {
        if (!connection.shaken) {
            const int done = ::SSL_do_handshake(connection.ssl);
            if (done != 1) return waits(connection, done);
            connection.shaken = true;
        }
        if (!connection.sent) {
            const int sent =
                ::SSL_write(connection.ssl, kRequest.data(), static_cast<int>(kRequest.size()));
            if (sent <= 0) return waits(connection, sent);
            connection.sent = true;
        }
        for (;;) {
            const int count =
                ::SSL_read(connection.ssl, connection.answer.data() + connection.length,
                           static_cast<int>(connection.answer.size() - connection.length));
            if (count <= 0) return waits(connection, count);
            connection.length += static_cast<std::size_t>(count);
            if (is_whole(connection)) return judge(connection);
        }
    }

    static Progress waits(const Connection& connection, int result) {
        const int error = ::SSL_get_error(connection.ssl, result);
        const bool waiting = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
        if (!waiting) ::ERR_clear_error();
        return waiting ? Progress::waiting : Progress::bad;
    }

    static std::string_view text_of(const Connection& connection) {
        return {connection.answer.data(), connection.length};
    }
    static bool is_whole(const Connection& connection) {
        return text_of(connection).ends_with('}');
    }
    static Progress judge(const Connection& connection) {
        const bool good = text_of(connection).starts_with("HTTP/1.1 200") &&
                          text_of(connection).contains("\"status\": \"ok\"");
        return good ? Progress::good : Progress::bad;
    }

    Load load_;
    int epoll_;
    sockaddr_in address_{};
    SSL_CTX* context_ = nullptr;
    SSL_SESSION* session_ = nullptr;
    int resumed_ = 0;
    Tally tally_;
};

}  // namespace

Tally run_raw(const Load& load) {
    ::signal(SIGPIPE, SIG_IGN);
    return RawClient(load).run();
}

}  // namespace bench

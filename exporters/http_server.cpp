#include "exporters/http_server.h"

#include <fmt/format.h>
#include <httplib.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <thread>

#include "exporters/connection.h"
#include "exporters/form.h"
#include "exporters/open_connections.h"
#include "exporters/request_line.h"
#include "exporters/worker_pool.h"

namespace pilotlight::exporters {
namespace {

constexpr std::size_t kHeaderBytes = 64 * 1024;
constexpr std::size_t kQueryBytes = 128 * 1024;
// The library asks for a queue of five, which a burst of browsers overflows.
constexpr int kBacklog = 128;
// Where the library does not look for a form: of those it reads no more than 8 KiB.
constexpr const char* kContentType = "Content-Type";
constexpr const char* kHiddenContentType = "X-Pilotlight-Content-Type";
// The status with which a request is refused before its body is read.
constexpr const char* kRefusal = "X-Pilotlight-Refusal";
// How long stop() lets answers that are under way be finished.
constexpr Duration kPatience = std::chrono::seconds(2);

/// What the library reads and writes through: buffers reads (it takes header bytes one by one) and
/// bounds what one request may bring.
class ConnectionStream final : public httplib::Stream {
  public:
    explicit ConnectionStream(Connection& connection) : connection_(connection) {}

    /// The next byte is a request's first one.
    void begin_request() { line_ = RequestLine(kQueryBytes); }
    /// What passed of the request that is being read.
    [[nodiscard]] const RequestLine& line() const { return line_; }
    /// From here on at most so many bytes are read.
    void allow(std::size_t bytes) { allowed_ = bytes; }
    /// The next write is the first one of an answer, which must be taken within `limit`.
    void expect_answer(Duration limit) {
        answering_ = false;
        write_limit_ = limit;
    }
    [[nodiscard]] bool has_buffered() const { return begin_ < end_; }

    bool is_readable() const override { return has_buffered() || connection_.wait_readable({}); }
    bool is_writable() const override { return true; }

    ssize_t read(char* to, std::size_t size) override {
        while (true) {
            size = std::min(size, allowed_);
            if (size == 0) return -1;
            if (!has_buffered()) {
                const long count = connection_.read(buffer_, sizeof buffer_);
                if (count <= 0) return count;
                begin_ = 0;
                end_ = static_cast<std::size_t>(count);
            }
            const std::size_t taken = std::min(size, end_ - begin_);
            const std::size_t shown = line_.pass({buffer_ + begin_, taken}, to);
            begin_ += taken;
            allowed_ -= taken;
            if (shown > 0) return static_cast<ssize_t>(shown);
        }
    }

    ssize_t write(const char* from, std::size_t size) override {
        // From the answer's first byte on: making it has limits of its own.
        const bool interim = std::string_view(from, size).starts_with("HTTP/1.1 100 ");
        if (!interim && !std::exchange(answering_, true)) {
            connection_.write_until(steady_now() + write_limit_);
        }
        return connection_.write(from, size);
    }

    void get_remote_ip_and_port(std::string& address, int& port) const override {
        address = connection_.peer_address();
        port = connection_.peer_port();
    }
    void get_local_ip_and_port(std::string&, int&) const override {}
    socket_t socket() const override { return connection_.descriptor(); }

  private:
    Connection& connection_;
    Duration write_limit_{};
    bool answering_ = false;
    RequestLine line_{kQueryBytes};
    std::size_t allowed_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    char buffer_[4096];
};

void hide_content_type(httplib::Request& request) {
    const std::string type = request.get_header_value(kContentType);
    request.headers.erase(kContentType);
    request.headers.erase(kHiddenContentType);
    if (!type.empty()) request.set_header(kHiddenContentType, type);
}

/// A form's fields come before those of the address, as in Go.
void take_body(const httplib::Request& from, Request& request) {
    request.body = from.body;
    const std::string type = from.get_header_value(kHiddenContentType);
    if (type.empty()) return;
    std::erase_if(request.headers, [](const Header& h) { return h.first == kHiddenContentType; });
    request.headers.emplace_back(kContentType, type);
    if (!is_form(type)) return;
    auto fields = read_form(request.body);
    request.form_fields = fields.size();
    request.parameters.insert(request.parameters.begin(), std::make_move_iterator(fields.begin()),
                              std::make_move_iterator(fields.end()));
}

Request request_of(const httplib::Request& from) {
    Request request;
    request.method = from.method == "HEAD" ? "GET" : from.method;
    request.path = from.path;
    // The library's own reading keeps of a value what is behind its last `=`: up{job="x"}.
    const std::string_view target = from.target;
    const std::size_t query = target.find('?');
    if (query != target.npos) request.parameters = read_form(target.substr(query + 1));
    request.headers.assign(from.headers.begin(), from.headers.end());
    take_body(from, request);
    request.remote_address = from.remote_addr;
    return request;
}

void give(Response&& response, httplib::Response& to) {
    to.status = response.status;
    for (const auto& [name, value] : response.headers)
        to.set_header(name, value);
    if (response.size() == 0) return;
    to.set_content_provider(
        response.body->size(), response.content_type,
        [body = response.body](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
            const std::string_view piece = body->from(offset).substr(0, length);
            return sink.write(piece.data(), piece.size());
        });
}

Response guarded(const HttpServer::Handler& handler, const Request& request) {
    try {
        return handler(request);
    } catch (const std::exception& error) {
        spdlog::error("answering {} {}: {}", request.method, request.path, error.what());
    } catch (...) {
        spdlog::error("answering {} {}: something that is no std::exception", request.method,
                      request.path);
    }
    return error_response(500, "internal", "the server failed to answer; its log says why");
}

bool announces_body(const httplib::Request& request) {
    const std::string length = request.get_header_value("Content-Length");
    return request.has_header("Transfer-Encoding") || (!length.empty() && length != "0");
}

/// 0 where the client does not say, or says what is no number.
std::uint64_t announced_bytes(const httplib::Request& request) {
    const std::string text = request.get_header_value("Content-Length");
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error == std::errc::result_out_of_range) return UINT64_MAX;
    return error == std::errc{} && end == text.data() + text.size() ? count : 0;
}

bool takes_body(const httplib::Request& request) {
    return request.method == "POST" || request.method == "PUT" || request.method == "PATCH" ||
           request.method == "DELETE";
}

/// What the library refuses by itself.
std::string_view refusal(int status) {
    switch (status) {
        case 404:
            return "there is nothing at this path";
        case 413:
            return "the request's body is too large";
        case 414:
            return "the request's address is too long, expected a form in the body of a POST";
        case 503:
            return "too many large requests are being answered already, expected a later attempt";
        default:
            return "the request is not valid HTTP";
    }
}

Response refuse(int status) {
    const std::string_view type = status == 503 ? "unavailable" : "bad_request";
    return error_response(status, type, refusal(status));
}

class Server final : public httplib::Server {
  public:
    Server(HttpServer::Handler handler, HttpLimits limits, HttpServer::Encryption encryption)
        : limits_(limits),
          handler_(std::move(handler)),
          encryption_(std::move(encryption)),
          pool_(limits.connections) {
        set_payload_max_length(std::max(limits.body_bytes, limits.large.bytes));
        // The default shares the port: a second daemon would silently take half the requests.
        set_socket_options([](socket_t socket) {
            const int yes = 1;
            ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        });
        new_task_queue = [this] { return new Queue(*this); };
        set_routes();
    }

    bool bind(const std::string& host, int port) {
        port_ = port;
        const bool bound =
            port == 0 ? (port_ = bind_to_any_port(host)) > 0 : bind_to_port(host, port);
        return bound && ::listen(svr_sock_, kBacklog) == 0;
    }

    void serve() {
        thread_ = std::thread([this] { listen_after_bind(); });
    }

    void end() {
        if (!thread_.joinable()) return;
        // Not the library's own stop(): with that it breaks off answers that are under way.
        ::shutdown(svr_sock_, SHUT_RDWR);
        open_.close_all(kPatience);
        thread_.join();
    }

    [[nodiscard]] int port() const { return port_; }

  private:
    /// Hands the library's accepted connections to our pool.
    class Queue final : public httplib::TaskQueue {
      public:
        explicit Queue(Server& server) : server_(server) {}
        void enqueue(std::function<void()> job) override {
            server_.pool_.add(std::move(job), [this] { server_.open_.close_an_idle_one(); });
        }
        void shutdown() override { server_.pool_.stop(); }

      private:
        Server& server_;
    };

    void set_routes() {
        const auto answer = [this](const httplib::Request& request, httplib::Response& response) {
            give(guarded(handler_, request_of(request)), response);
        };
        set_pre_routing_handler(
            [answer](const httplib::Request& request, httplib::Response& response) {
                if (request.has_header(kRefusal)) {
                    give(refuse(std::stoi(request.get_header_value(kRefusal))), response);
                    return HandlerResponse::Handled;
                }
                if (takes_body(request)) return HandlerResponse::Unhandled;
                answer(request, response);
                return HandlerResponse::Handled;
            });
        // Bounded, since the library's std::regex recurses once per character.
        constexpr const char* kAnyPath = "[^]{0,256}";
        Post(kAnyPath, answer);
        Put(kAnyPath, answer);
        Patch(kAnyPath, answer);
        Delete(kAnyPath, answer);
        const HandlerWithResponse explain = [](const httplib::Request&,
                                               httplib::Response& response) {
            if (response.content_length_ > 0) return HandlerResponse::Unhandled;
            give(refuse(response.status), response);
            return HandlerResponse::Handled;
        };
        set_error_handler(explain);
    }

    bool process_and_close_socket(socket_t socket) override {
        try {
            Connection connection(socket);
            OpenConnections::Entry entry(open_, connection);
            if (encryption_) connection.encrypt(encryption_(connection.descriptor()));
            ConnectionStream stream(connection);
            while (await_request(connection, stream, entry) && answer_one(connection, stream)) {
            }
            connection.drain();
        } catch (const std::exception& error) {
            spdlog::error("serving a connection: {}", error.what());
        }
        return true;
    }

    bool await_request(Connection& connection, const ConnectionStream& stream,
                       OpenConnections::Entry& entry) const {
        if (stream.has_buffered()) return true;
        // In this order: who begins to wait for a thread either finds this one idle, or is seen.
        if (!entry.begin_idle() || pool_.is_awaited()) return false;
        const bool came = connection.wait_readable(steady_now() + limits_.keep_alive);
        entry.end_idle();
        return came;
    }

    /// One of the few requests that may bring a large body at a time; gives its place back.
    class LargeBody {
      public:
        explicit LargeBody(Server& server)
            : server_(server), admitted_(++server.large_bodies_ <= server.limits_.large.at_once) {}
        LargeBody(const LargeBody&) = delete;
        LargeBody& operator=(const LargeBody&) = delete;
        ~LargeBody() { --server_.large_bodies_; }

        [[nodiscard]] bool is_admitted() const { return admitted_; }

      private:
        Server& server_;
        bool admitted_;
    };

    /// The status to refuse with before the body is read; 0 to go on. `large` is set where the
    /// body is one of the few large ones.
    int refusal_of(const httplib::Request& request, const RequestLine& line,
                   std::optional<LargeBody>& large) {
        if (line.is_too_long()) return 414;
        const std::uint64_t bytes = announced_bytes(request);
        if (!takes_body(request) || bytes <= limits_.body_bytes) return 0;
        const LargeBodies& allowed = limits_.large;
        const bool may_be_large = allowed.bytes > 0 && request.path.starts_with(allowed.under);
        if (!may_be_large || bytes > allowed.bytes) return 413;
        large.emplace(*this);
        return large->is_admitted() ? 0 : 503;
    }

    /// False when the connection is to be closed.
    bool answer_one(Connection& connection, ConnectionStream& stream) {
        const bool last = pool_.is_awaited() || open_.is_closing();
        const SteadyTime now = steady_now();
        connection.read_until(now + limits_.read);
        connection.write_until(now + limits_.read + limits_.write);
        stream.expect_answer(limits_.write);
        stream.allow(kHeaderBytes + kQueryBytes);
        stream.begin_request();
        bool close = false;
        bool understood = false;
        bool unread_body = false;
        std::optional<LargeBody> large;
        const bool answered = process_request(stream, last, close, [&](httplib::Request& request) {
            understood = true;
            if (stream.line().has_query()) request.target += '?' + stream.line().query();
            request.headers.erase(kRefusal);
            const int refusal = refusal_of(request, stream.line(), large);
            if (refusal != 0) request.set_header(kRefusal, std::to_string(refusal));
            const bool is_large = large && large->is_admitted();
            stream.allow(kHeaderBytes + (is_large ? limits_.large.bytes : limits_.body_bytes));
            hide_content_type(request);
            // Parts of an exposition are of no use, and many overlapping ones are an attack; so
            // are bodies that grow when they are unpacked.
            request.ranges.clear();
            request.headers.erase("Range");
            request.headers.erase("Content-Encoding");
            // Neither length nor coding is no body (RFC 9112, 6.3); the library would read on.
            if (!announces_body(request)) request.set_header("Content-Length", "0");
            // The library leaves such a body in the stream, where it would pass as a request.
            unread_body = (refusal != 0 || !takes_body(request)) && announces_body(request);
        });
        return answered && understood && !close && !last && !unread_body;
    }

    const HttpLimits limits_;
    HttpServer::Handler handler_;
    HttpServer::Encryption encryption_;
    OpenConnections open_;
    std::atomic<std::size_t> large_bodies_ = 0;
    WorkerPool pool_;
    std::thread thread_;
    int port_ = 0;
};

}  // namespace

struct HttpServer::Running {
    Server server;
};

Result<std::unique_ptr<HttpServer>> HttpServer::start(const std::string& host, int port,
                                                      Handler handler, HttpLimits limits,
                                                      Encryption encryption) {
    try {
        auto running = std::unique_ptr<Running>(
            new Running{Server(std::move(handler), limits, std::move(encryption))});
        errno = 0;
        if (!running->server.bind(host, port)) {
            return fail(fmt::format("cannot listen on {}:{}: {}", host, port,
                                    errno == 0 ? "no such address" : std::strerror(errno)));
        }
        running->server.serve();
        return std::unique_ptr<HttpServer>(new HttpServer(std::move(running)));
    } catch (const std::exception& error) {
        return fail(fmt::format("cannot serve on {}:{}: {}", host, port, error.what()));
    }
}

HttpServer::HttpServer(std::unique_ptr<Running> running) : running_(std::move(running)) {}

HttpServer::~HttpServer() {
    stop();
}

int HttpServer::port() const {
    return running_->server.port();
}

void HttpServer::stop() {
    running_->server.end();
}

}  // namespace pilotlight::exporters

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/time.h"
#include "exporters/connection.h"
#include "exporters/http.h"

namespace pilotlight::exporters {

/// Bodies larger than others may be, for requests that need it; only so many at a time, so that
/// memory stays bounded: further ones are refused with 503.
struct LargeBodies {
    /// What such a request's path begins with; must outlive the server.
    std::string_view under;
    /// 0: there are none.
    std::size_t bytes = 0;
    std::size_t at_once = 4;
};

struct HttpLimits {
    /// Connections served at once; further ones wait to be accepted.
    std::size_t connections = 64;
    /// A body without a length (chunked) is never a large one.
    std::size_t body_bytes = 1U << 20;
    LargeBodies large = {};
    /// From the first byte of a request to its last one.
    Duration read = std::chrono::seconds(10);
    /// For a whole answer to be taken.
    Duration write = std::chrono::seconds(30);
    /// How long an idle connection is kept.
    Duration keep_alive = std::chrono::seconds(15);
};

/// Listens and calls `handler` for each request on threads of its own. A client that stalls costs
/// one of them until a deadline, never more; when connections run out, idle ones are closed.
class HttpServer {
  public:
    /// Called from many threads at once; an exception from it is answered with 500.
    using Handler = std::function<Response(const Request&)>;
    /// What encrypts a new connection, by its descriptor; null for plain HTTP. Called from many
    /// threads at once.
    using Encryption = std::function<std::unique_ptr<SecureChannel>(int descriptor)>;

    /// Binds and begins to serve; `port` 0 takes any free one. Fails where it cannot listen, with
    /// address and reason.
    [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(const std::string& host,
                                                                   int port, Handler handler,
                                                                   HttpLimits limits = {},
                                                                   Encryption encryption = {});
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    /// As stop().
    ~HttpServer();

    [[nodiscard]] int port() const;

    /// Closes every connection and waits for the handlers that run. Call it before what the
    /// handlers wait for (the engine's loop) is stopped. May be called again.
    void stop();

  private:
    struct Running;
    explicit HttpServer(std::unique_ptr<Running> running);
    std::unique_ptr<Running> running_;
};

}  // namespace pilotlight::exporters

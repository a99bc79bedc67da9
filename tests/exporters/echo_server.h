#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "exporters/http_server.h"

/// A server for tests of the server.
namespace pilotlight::exporters {

/// Answers with what it understood of the request; at /throws it throws.
[[nodiscard]] Response echo(const Request& request);

/// On a free port of 127.0.0.1.
[[nodiscard]] std::unique_ptr<HttpServer> start_server(HttpServer::Handler handler = echo,
                                                       HttpLimits limits = {});

[[nodiscard]] bool starts_with_status(const std::string& answer, int status);

/// A door that a handler waits at until the test opens it; ten seconds at most.
class Door {
  public:
    void wait_until_open();
    void wait_until_somebody_waits();
    void open();

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int waiting_ = 0;
    bool open_ = false;
};

}  // namespace pilotlight::exporters

#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/web_config.h"
#include "core/error.h"
#include "core/time.h"
#include "exporters/http.h"
#include "exporters/http_server.h"
#include "runtime/tls_server.h"

namespace pilotlight::app {

/// The listener's TLS and logins, by the web configuration file. As in the exporter-toolkit the
/// file and what it names are read anew when they change, without a reload: looked at when
/// somebody comes, at most once a second; what is wrong then is logged, and what was good stays in
/// force. Thread: any.
class WebAccess {
  public:
    /// Fails with all mistakes of the file. Blocks on the disk.
    [[nodiscard]] static Checked<std::shared_ptr<WebAccess>> make(const std::string& path);

    /// Whether connections are encrypted, as of now.
    [[nodiscard]] bool speaks_tls();
    /// What encrypts a new connection; null where the file has no TLS.
    [[nodiscard]] std::unique_ptr<exporters::SecureChannel> channel(int descriptor);
    /// What `handler` answers, with the file's headers; 401 to whom has no login where one is
    /// asked for.
    [[nodiscard]] exporters::Response answer(const exporters::HttpServer::Handler& handler,
                                             exporters::Request request);

  private:
    struct State;
    WebAccess() = default;
    [[nodiscard]] static Checked<std::shared_ptr<const State>> load(const std::string& path);
    [[nodiscard]] std::shared_ptr<const State> current();

    std::string path_;
    std::mutex mutex_;
    std::shared_ptr<const State> state_;
    SteadyTime looked_at_{};
};

/// Whether a file is good as web configuration, certificates included. Blocks on the disk.
[[nodiscard]] Errors check_web_config(const std::string& path);

}  // namespace pilotlight::app

#pragma once

#include <memory>
#include <optional>
#include <string>

#include "config/config.h"
#include "core/error.h"
#include "exporters/http_server.h"
#include "exporters/site.h"

namespace pilotlight::app {

/// Where the daemon is spoken to over HTTP: its address, its TLS and its logins.
class Listener {
  public:
    /// Serves `site` at `address` (HOST:PORT), or where the configuration says if that is empty;
    /// what `site` refers to must outlive the listener. Fails where the address cannot be had, or
    /// with all mistakes of the web configuration file.
    [[nodiscard]] static Checked<std::unique_ptr<Listener>> start(
        const config::Config& config, const std::optional<std::string>& address,
        exporters::Site site);

    [[nodiscard]] int port() const;
    /// The status page's, as the configuration names the host.
    [[nodiscard]] const std::string& url() const { return url_; }

    /// As HttpServer::stop().
    void stop();

  private:
    Listener() = default;

    std::unique_ptr<exporters::HttpServer> server_;
    std::string url_;
};

}  // namespace pilotlight::app

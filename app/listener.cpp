#include "app/listener.h"

#include <fmt/format.h>

#include <csignal>
#include <utility>

#include "app/web_access.h"

namespace pilotlight::app {
namespace {

/// As much as Go reads of a form.
constexpr exporters::LargeBodies kForms{.under = "/api/v1/", .bytes = std::size_t{10} << 20};

}  // namespace

Checked<std::unique_ptr<Listener>> Listener::start(const config::Config& config,
                                                   const std::optional<std::string>& address,
                                                   exporters::Site site) {
    std::string host = config.listen_host;
    int port = config.listen_port;
    if (address) {
        auto parsed = config::parse_listen(*address);
        if (!parsed) return std::unexpected(Errors{std::move(parsed.error())});
        host = parsed->host;
        port = parsed->port;
    }
    exporters::HttpServer::Handler handler =
        [site = std::move(site)](const exporters::Request& request) {
            return exporters::handle(request, site, wall_now());
        };
    exporters::HttpServer::Encryption encryption;
    std::string scheme = "http";
    if (!config.web_config_file.empty()) {
        auto access = WebAccess::make(config.web_config_file);
        if (!access) return std::unexpected(std::move(access.error()));
        if ((*access)->speaks_tls()) scheme = "https";
        encryption = [access = *access](int descriptor) { return access->channel(descriptor); };
        handler = [access = *access, inner = std::move(handler)](
                      const exporters::Request& request) { return access->answer(inner, request); };
    }
    // TLS writes by write(2), which has no MSG_NOSIGNAL.
    std::signal(SIGPIPE, SIG_IGN);
    auto server = exporters::HttpServer::start(host, port, std::move(handler), {.large = kForms},
                                               std::move(encryption));
    if (!server) return std::unexpected(Errors{std::move(server.error())});
    std::unique_ptr<Listener> listener(new Listener());
    listener->server_ = std::move(*server);
    listener->url_ = fmt::format("{}://{}:{}/", scheme, config.listen_host, listener->port());
    return listener;
}

int Listener::port() const {
    return server_->port();
}

void Listener::stop() {
    server_->stop();
}

}  // namespace pilotlight::app

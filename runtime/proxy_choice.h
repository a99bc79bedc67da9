#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/secret.h"
#include "runtime/http_client.h"

namespace pilotlight::runtime {

/// Which proxy a request goes through: `proxy_url` with `no_proxy`, or what the environment says.
/// Source: Go's golang.org/x/net/http/httpproxy, which Alertmanager goes by.
class ProxyChoice {
  public:
    /// None at all.
    ProxyChoice() = default;
    /// `proxy` for every request; with `no_proxy`, a list by commas, not for those that it names
    /// (`host`, `host:port`, `.domain`, an address, a network, `*`), nor for loopback.
    ProxyChoice(Secret proxy, std::string no_proxy);
    /// HTTP_PROXY, HTTPS_PROXY and NO_PROXY, upper case first, as they are now.
    [[nodiscard]] static ProxyChoice from_environment();

    /// The proxy's URL; "" for none.
    [[nodiscard]] Secret proxy_for(std::string_view url) const;
    /// Sets the proxy, and what is said to it, on a request whose URL is set.
    void apply(HttpRequest& request) const;
    /// What CONNECT says besides.
    void set_connect_headers(std::vector<std::pair<std::string, Secret>> headers) {
        connect_headers_ = std::move(headers);
    }
    [[nodiscard]] std::vector<Secret> secrets() const;

  private:
    Secret http_;
    Secret https_;
    std::string no_proxy_;
    std::vector<std::pair<std::string, Secret>> connect_headers_;
    /// Whether loopback, and what no_proxy_ names, is reached without it.
    bool has_exceptions_ = false;
};

}  // namespace pilotlight::runtime

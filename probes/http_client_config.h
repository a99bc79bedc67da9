#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/options.h"
#include "probes/client_options.h"
#include "runtime/oauth2.h"
#include "runtime/proxy_choice.h"

/// What Prometheus's configurations say of HTTP clients, beside their logins.
namespace pilotlight::probes {

/// Reads `http_headers`: `NAME: {values, secrets, files}`.
void read_http_headers(const Node& node, std::vector<std::pair<std::string, SecretOrFile>>& out,
                       Errors& errors);

/// Reads proxy_url, no_proxy, proxy_from_environment and proxy_connect_header, where they stand
/// among other keys.
[[nodiscard]] runtime::ProxyChoice read_proxy(const Node& node, Errors& errors);
[[nodiscard]] std::vector<std::string_view> proxy_keys();
[[nodiscard]] std::vector<config::OptionDoc> proxy_option_docs();

/// Reads `oauth2`. Where the secret stands in a file, its path is in `secret_file`.
[[nodiscard]] runtime::OAuth2::Options read_oauth2(const Node& node, std::string& secret_file,
                                                   Errors& errors);

}  // namespace pilotlight::probes

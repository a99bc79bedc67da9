#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/options.h"
#include "core/regexp.h"
#include "core/secret.h"
#include "probes/http_client_config.h"
#include "probes/json_body.h"
#include "runtime/ip_address.h"
#include "runtime/oauth2.h"
#include "runtime/proxy_choice.h"
#include "runtime/tls.h"

/// The options of the http prober: blackbox_exporter's `http` module.
namespace pilotlight::probes {

struct HeaderCondition {
    std::string header;
    std::optional<Regexp> regexp;
    bool allow_missing = false;
};

struct HttpOptions {
    std::vector<int> valid_status_codes;
    std::vector<std::string> valid_http_versions;
    std::string method = "GET";
    /// Values may be secrets.
    std::map<std::string, Secret> headers;
    /// Of `http_headers`, in their order; a name may come again.
    std::vector<std::pair<std::string, SecretOrFile>> more_headers;
    Secret body;
    std::string body_file;
    bool fail_if_ssl = false;
    bool fail_if_not_ssl = false;
    std::vector<Regexp> fail_if_body_matches;
    std::vector<Regexp> fail_if_body_not_matches;
    std::vector<JsonCondition> body_json;
    std::vector<HeaderCondition> fail_if_header_matches;
    std::vector<HeaderCondition> fail_if_header_not_matches;
    bool follow_redirects = true;
    runtime::TlsSettings tls_config;
    int full_every = 0;
    std::string username;
    SecretOrFile password;
    /// "Bearer" where credentials are set and nothing else is.
    std::string authorization_type = "Bearer";
    SecretOrFile credentials;
    /// Set where it is asked for; its secret is empty where it comes from the file.
    std::optional<runtime::OAuth2::Options> oauth2;
    std::string oauth2_secret_file;
    runtime::ProxyChoice proxy;
    bool skip_resolve_with_proxy = false;
    config::Bytes body_size_limit;
    std::string compression;
    bool http2 = true;
    /// Asked for, which we do not speak.
    bool http3 = false;
    runtime::IpPreference ip;
};

/// Reads and checks the section. Errors carry their places.
[[nodiscard]] HttpOptions read_http_options(const Node& node, Errors& errors);
[[nodiscard]] std::vector<config::OptionDoc> http_option_docs();

}  // namespace pilotlight::probes

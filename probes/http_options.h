#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/options.h"
#include "core/regexp.h"
#include "core/secret.h"
#include "runtime/ip_address.h"
#include "runtime/tls.h"

/// The options of the http prober: blackbox_exporter's `http` module.
namespace pilotlight::probes {

/// A secret as written, or the path of the file that holds it.
struct SecretSource {
    Secret text;
    std::string file;
    [[nodiscard]] bool is_set() const { return !text.empty() || !file.empty(); }
};

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
    Secret body;
    std::string body_file;
    bool fail_if_ssl = false;
    bool fail_if_not_ssl = false;
    std::vector<Regexp> fail_if_body_matches;
    std::vector<Regexp> fail_if_body_not_matches;
    std::vector<HeaderCondition> fail_if_header_matches;
    std::vector<HeaderCondition> fail_if_header_not_matches;
    bool follow_redirects = true;
    runtime::TlsSettings tls;
    std::string username;
    SecretSource password;
    /// "Bearer" where credentials are set and nothing else is.
    std::string authorization_type = "Bearer";
    SecretSource credentials;
    Secret proxy_url;
    config::Bytes body_size_limit;
    std::string compression;
    runtime::IpPreference ip;
};

/// Reads and checks the section. Errors carry their places.
[[nodiscard]] HttpOptions read_http_options(const Node& node, Errors& errors);
[[nodiscard]] std::vector<config::OptionDoc> http_option_docs();

}  // namespace pilotlight::probes

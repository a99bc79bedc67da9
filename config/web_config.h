#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/secret.h"

namespace pilotlight::config {

/// Who must show a certificate, as Go's tls.ClientAuthType names it.
enum class ClientAuth { none, request, require_any, verify_if_given, require_and_verify };

/// `tls_server_config`. Paths are absolute, or seen from the working directory.
struct WebTlsConfig {
    std::string cert_file;
    std::string key_file;
    std::string cert;
    Secret key;
    ClientAuth client_auth = ClientAuth::none;
    std::string client_ca_file;
    std::string client_ca;
    /// "TLS10" to "TLS13".
    std::string min_version = "TLS12";
    std::string max_version = "TLS13";
    /// IANA names; empty for what the library thinks good.
    std::vector<std::string> cipher_suites;
    /// "CurveP256", "CurveP384", "CurveP521", "X25519".
    std::vector<std::string> curve_preferences;
    bool prefer_server_cipher_suites = true;
};

/// The exporter-toolkit's web configuration file: TLS and logins of the listener. Source:
/// https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
struct WebConfig {
    /// Nothing: plain HTTP.
    std::optional<WebTlsConfig> tls;
    /// Set on every answer.
    std::vector<std::pair<std::string, std::string>> headers;
    /// bcrypt hashes by user; empty for no login.
    std::map<std::string, Secret> users;
    /// The file itself, and all that it names.
    std::vector<std::string> files;
};

/// Reads the file; the certificates are not looked into. Blocks on the disk.
[[nodiscard]] Checked<WebConfig> load_web_config(const std::string& path);

}  // namespace pilotlight::config

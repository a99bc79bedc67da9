#include "config/web_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "config/options.h"
#include "config/yaml.h"

namespace pilotlight::config {
namespace {

struct RawTls : WebTlsConfig {
    std::string client_auth_type;
};

constexpr Option<RawTls> kTlsOptions[] = {
    option<&RawTls::cert_file, RawTls>("cert_file", "", "the certificate to show, with its chain"),
    option<&RawTls::key_file, RawTls>("key_file", "", "its key"),
    option<&RawTls::cert, RawTls>("cert", "", "as cert_file, written here"),
    option<&RawTls::key, RawTls>("key", "", "as key_file, written here"),
    option<&RawTls::client_auth_type>("client_auth_type", "NoClientCert",
                                      "who must show a certificate"),
    option<&RawTls::client_ca_file, RawTls>("client_ca_file", "", "who vouches for clients"),
    option<&RawTls::client_ca, RawTls>("client_ca", "", "as client_ca_file, written here"),
    option<&RawTls::min_version, RawTls>("min_version", "TLS12", "TLS10 to TLS13"),
    option<&RawTls::max_version, RawTls>("max_version", "TLS13", "TLS10 to TLS13"),
    option<&RawTls::cipher_suites, RawTls>("cipher_suites", "", "up to TLS 1.2"),
    option<&RawTls::curve_preferences, RawTls>("curve_preferences", "", "CurveP256, X25519, ..."),
    option<&RawTls::prefer_server_cipher_suites, RawTls>("prefer_server_cipher_suites", "true",
                                                         "whose order of them counts"),
};

struct RawHttp {
    bool http2 = true;
    std::map<std::string, std::string> headers;
};

constexpr Option<RawHttp> kHttpOptions[] = {
    option<&RawHttp::http2>("http2", "true", "accepted; HTTP/1.1 is spoken"),
    option<&RawHttp::headers>("headers", "", "of every answer"),
};

struct Raw {
    Node tls;
    Node http;
    std::map<std::string, Secret> users;
};

constexpr Option<Raw> kOptions[] = {
    option<&Raw::tls>("tls_server_config", "", "TLS"),
    option<&Raw::http>("http_server_config", "", "headers"),
    option<&Raw::users>("basic_auth_users", "", "bcrypt hashes by user"),
};

constexpr std::pair<std::string_view, ClientAuth> kClientAuth[] = {
    {"", ClientAuth::none},
    {"NoClientCert", ClientAuth::none},
    {"RequestClientCert", ClientAuth::request},
    {"RequireClientCert", ClientAuth::require_any},
    {"RequireAnyClientCert", ClientAuth::require_any},
    {"VerifyClientCertIfGiven", ClientAuth::verify_if_given},
    {"RequireAndVerifyClientCert", ClientAuth::require_and_verify},
};

/// What may be set, as the toolkit has it.
constexpr std::string_view kHeaders[] = {"Content-Security-Policy", "Strict-Transport-Security",
                                         "X-Content-Type-Options", "X-Frame-Options",
                                         "X-XSS-Protection"};

const Node& place(const Node& section, std::string_view key) {
    const Node* found = section.find(key);
    return found == nullptr ? section : *found;
}

void check_pair(const Node& node, std::string_view key, std::string_view file_key, bool is_given,
                bool is_file_given, Errors& errors) {
    if (is_given && is_file_given) {
        errors.push_back(place(node, key).error(
            fmt::format("at most one of {} and {} may be given", key, file_key)));
    }
}

void read_client_auth(const Node& node, RawTls& raw, Errors& errors) {
    const auto found = std::ranges::find(kClientAuth, raw.client_auth_type,
                                         &std::pair<std::string_view, ClientAuth>::first);
    if (found == std::end(kClientAuth)) {
        expected_value(place(node, "client_auth_type"),
                       "NoClientCert, RequestClientCert, RequireAnyClientCert, "
                       "VerifyClientCertIfGiven or RequireAndVerifyClientCert",
                       errors);
        return;
    }
    raw.client_auth = found->second;
    const bool has_authorities = !raw.client_ca.empty() || !raw.client_ca_file.empty();
    const bool verifies = raw.client_auth == ClientAuth::verify_if_given ||
                          raw.client_auth == ClientAuth::require_and_verify;
    if (has_authorities && raw.client_auth == ClientAuth::none) {
        errors.push_back(node.error("client_ca_file is given, and a client_auth_type is missing"));
    } else if (verifies && !has_authorities) {
        errors.push_back(node.error(
            fmt::format("{} needs a client_ca_file to verify by", raw.client_auth_type)));
    }
}

void check_version(const Node& node, std::string_view key, const std::string& version,
                   Errors& errors) {
    constexpr std::string_view kVersions[] = {"TLS10", "TLS11", "TLS12", "TLS13"};
    if (std::ranges::count(kVersions, version) > 0) return;
    expected_value(place(node, key), "TLS10, TLS11, TLS12 or TLS13", errors);
}

WebTlsConfig read_tls(const Node& node, WebConfig& config, const std::filesystem::path& folder,
                      Errors& errors) {
    RawTls raw;
    read_options(node, kTlsOptions, raw, errors);
    check_pair(node, "cert", "cert_file", !raw.cert.empty(), !raw.cert_file.empty(), errors);
    check_pair(node, "key", "key_file", !raw.key.empty(), !raw.key_file.empty(), errors);
    check_pair(node, "client_ca", "client_ca_file", !raw.client_ca.empty(),
               !raw.client_ca_file.empty(), errors);
    if (raw.cert.empty() && raw.cert_file.empty()) errors.push_back(node.error("no cert_file"));
    if (raw.key.empty() && raw.key_file.empty()) errors.push_back(node.error("no key_file"));
    for (std::string* path : {&raw.cert_file, &raw.key_file, &raw.client_ca_file}) {
        if (path->empty()) continue;
        *path = (folder / *path).string();
        config.files.push_back(*path);
    }
    check_version(node, "min_version", raw.min_version, errors);
    check_version(node, "max_version", raw.max_version, errors);
    read_client_auth(node, raw, errors);
    return std::move(raw);
}

void read_headers(const Node& node, WebConfig& config, Errors& errors) {
    RawHttp raw;
    read_options(node, kHttpOptions, raw, errors);
    for (const auto& [name, value] : raw.headers) {
        if (std::ranges::count(kHeaders, name) == 0) {
            errors.push_back(
                place(node, "headers")
                    .error(fmt::format("the header {} cannot be set, expected one of: {}", name,
                                       fmt::join(kHeaders, ", "))));
        }
        const bool is_plain =
            std::ranges::all_of(value, [](char c) { return c >= 0x20 && c < 0x7f; });
        if (!is_plain) {
            errors.push_back(
                place(node, "headers").error("a header must not hold control characters"));
        }
        config.headers.emplace_back(name, value);
    }
}

}  // namespace

Checked<WebConfig> load_web_config(const std::string& path) {
    auto root = load_yaml(path);
    if (!root) return std::unexpected(Errors{root.error()});
    WebConfig config;
    config.files.push_back(path);
    Errors errors;
    Raw raw;
    read_options(*root, kOptions, raw, errors);
    const auto folder = std::filesystem::path(path).parent_path();
    if (!raw.tls.is_null()) config.tls = read_tls(raw.tls, config, folder, errors);
    if (!raw.http.is_null()) read_headers(raw.http, config, errors);
    for (const auto& [user, hash] : raw.users) {
        // bcrypt: `$2y$10$` and 53 characters.
        const std::string& text = hash.reveal();
        if (text.size() == 60 && text.starts_with("$2")) continue;
        errors.push_back(
            place(*root, "basic_auth_users")
                .error(fmt::format("the password of {} is no bcrypt hash, expected what "
                                   "`htpasswd -nBC 10 {}` prints",
                                   user, user)));
    }
    config.users = std::move(raw.users);
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return config;
}

}  // namespace pilotlight::config

#include "alerting/http_options.h"

#include <fmt/format.h>

#include "alerting/read_context.h"
#include "runtime/url.h"

namespace pilotlight::alerting {
namespace {

/// What an answer may hold that is worth reading.
constexpr std::uint64_t kAnswerBytesMax = 64 << 10;
constexpr int kRedirectsMax = 5;

/// The section as written; what needs more than its own value is read from its Node.
struct RawHttp {
    std::optional<Node> basic_auth;
    std::optional<Node> authorization;
    std::optional<Node> oauth2;
    std::optional<Node> tls_config;
    std::optional<Node> http_headers;
    Secret bearer_token;
    std::string bearer_token_file;
    Secret proxy_url;
    std::string no_proxy;
    bool proxy_from_environment = false;
    std::optional<Node> proxy_connect_header;
    bool follow_redirects = true;
    bool enable_http2 = true;
};

constexpr config::Option<RawHttp> kHttpOptions[] = {
    config::option<&RawHttp::basic_auth>("basic_auth", "",
                                         "username and password, each also as *_file"),
    config::option<&RawHttp::authorization>("authorization", "",
                                            "type (Bearer) and credentials(_file)"),
    config::option<&RawHttp::oauth2>("oauth2", "", "not supported: refused"),
    config::option<&RawHttp::bearer_token>("bearer_token", "", "as authorization's credentials"),
    config::option<&RawHttp::bearer_token_file>("bearer_token_file", "", "a file that holds it"),
    config::option<&RawHttp::proxy_url>("proxy_url", "", "http://host:port of a proxy"),
    config::option<&RawHttp::no_proxy>("no_proxy", "", "not acted on yet"),
    config::option<&RawHttp::proxy_from_environment>("proxy_from_environment", "false",
                                                     "not acted on yet"),
    config::option<&RawHttp::proxy_connect_header>("proxy_connect_header", "", "not acted on yet"),
    config::option<&RawHttp::tls_config>(
        "tls_config", "",
        "ca_file, cert_file, key_file, server_name, insecure_skip_verify, min_version, "
        "max_version"),
    config::option<&RawHttp::follow_redirects>("follow_redirects", "true",
                                               "whether a redirect is followed, 5 at most"),
    config::option<&RawHttp::enable_http2>("enable_http2", "true", "accepted; HTTP/1.1 is spoken"),
    config::option<&RawHttp::http_headers>("http_headers", "",
                                           "more headers, each with values, secrets or files"),
};

struct RawTls {
    std::string ca_file;
    std::string cert_file;
    std::string key_file;
    std::string server_name;
    bool insecure_skip_verify = false;
    std::string min_version;
    std::string max_version;
};

constexpr config::Option<RawTls> kTlsOptions[] = {
    config::option<&RawTls::ca_file>("ca_file", "", "PEM of the authorities to trust"),
    config::option<&RawTls::cert_file>("cert_file", "", "PEM of our own certificate"),
    config::option<&RawTls::key_file>("key_file", "", "PEM of its key"),
    config::option<&RawTls::server_name>("server_name", "", "name to send and to verify"),
    config::option<&RawTls::insecure_skip_verify>("insecure_skip_verify", "false",
                                                  "whether any certificate will do"),
    config::option<&RawTls::min_version>("min_version", "TLS12", "TLS10 to TLS13"),
    config::option<&RawTls::max_version>("max_version", "", "TLS10 to TLS13"),
};

std::optional<runtime::TlsVersion> read_version(const Node& node, const std::string& key,
                                                const std::string& text, ReadContext& context) {
    if (text.empty()) return std::nullopt;
    const auto version = runtime::parse_tls_version(text);
    if (!version) {
        context.error(*node.find(key), fmt::format("expected TLS10, TLS11, TLS12 or TLS13, got "
                                                   "\"{}\"",
                                                   text));
    }
    return version;
}

runtime::TlsSettings read_tls(const Node& node, ReadContext& context) {
    RawTls raw;
    config::read_options(node, kTlsOptions, raw, context.errors);
    runtime::TlsSettings tls;
    const auto place = [&](const std::string& path) {
        if (path.empty()) return path;
        context.files_read.push_back(context.absolute(path));
        return context.absolute(path);
    };
    tls.ca_file = place(raw.ca_file);
    tls.cert_file = place(raw.cert_file);
    tls.key_file = place(raw.key_file);
    tls.server_name = raw.server_name;
    tls.insecure_skip_verify = raw.insecure_skip_verify;
    tls.min_version = read_version(node, "min_version", raw.min_version, context);
    tls.max_version = read_version(node, "max_version", raw.max_version, context);
    const auto usable = runtime::check_tls_settings(tls);
    if (!usable) context.error(node, usable.error().message);
    return tls;
}

Secret read_basic_auth(const Node& node, ReadContext& context) {
    config::check_keys(node, {"username", "username_file", "password", "password_file"},
                       context.errors);
    const Secret user = context.read_secret(node, "username");
    const Secret password = context.read_secret(node, "password");
    return runtime::basic_authorization(user, password);
}

Secret read_authorization(const Node& node, ReadContext& context) {
    config::check_keys(node, {"type", "credentials", "credentials_file"}, context.errors);
    std::string type = "Bearer";
    if (const Node* given = node.find("type")) config::read_value(*given, type, context.errors);
    const Secret credentials = context.read_secret(node, "credentials");
    if (credentials.empty()) return {};
    return Secret(fmt::format("{} {}", type, credentials.reveal()));
}

bool is_header_text(std::string_view text) {
    return std::ranges::none_of(text, [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
}

void read_headers(const Node& node, ReadContext& context, HttpOptions& http) {
    for (const Node::Entry& entry : node.entries) {
        config::check_keys(entry.value, {"values", "secrets", "files"}, context.errors);
        std::vector<Secret> values;
        for (const char* key : {"values", "secrets"}) {
            std::vector<Secret> some;
            const Node* given = entry.value.find(key);
            if (given != nullptr) config::read_value(*given, some, context.errors);
            values.insert(values.end(), some.begin(), some.end());
        }
        std::vector<std::string> files;
        const Node* given = entry.value.find("files");
        if (given != nullptr) config::read_value(*given, files, context.errors);
        for (const std::string& file : files) {
            std::string text = context.read_file(*given, file);
            while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
                text.pop_back();
            values.emplace_back(std::move(text));
        }
        for (Secret& value : values) {
            if (!is_header_text(entry.key) || !is_header_text(value.reveal())) {
                context.error(entry.value, "a header must not hold control characters");
                continue;
            }
            http.headers.emplace_back(entry.key, std::move(value));
        }
    }
}

/// The one way to log in that is given, as a header.
Secret read_login(const Node& node, const RawHttp& raw, ReadContext& context) {
    int ways = 0;
    Secret login;
    if (raw.basic_auth && ++ways != 0) login = read_basic_auth(*raw.basic_auth, context);
    if (raw.authorization && ++ways != 0) login = read_authorization(*raw.authorization, context);
    if ((!raw.bearer_token.empty() || !raw.bearer_token_file.empty()) && ++ways != 0) {
        const Secret token = context.read_secret(node, "bearer_token");
        login = Secret(fmt::format("Bearer {}", token.reveal()));
    }
    if (ways > 1) {
        context.error(node,
                      "at most one of basic_auth, authorization and bearer_token may be "
                      "given");
    }
    if (!is_header_text(login.reveal())) {
        context.error(node, "credentials must not hold control characters");
    }
    return login;
}

}  // namespace

HttpOptions read_http_options(const Node& node, ReadContext& context) {
    RawHttp raw;
    config::read_options(node, kHttpOptions, raw, context.errors);
    HttpOptions http;
    http.authorization = read_login(node, raw, context);
    if (raw.oauth2)
        context.error(*raw.oauth2,
                      "oauth2 is not supported, expected basic_auth or "
                      "authorization");
    if (raw.tls_config) http.tls = read_tls(*raw.tls_config, context);
    if (raw.http_headers) read_headers(*raw.http_headers, context, http);
    http.follow_redirects = raw.follow_redirects;
    if (!raw.proxy_url.empty()) {
        const auto url = runtime::parse_url(raw.proxy_url.reveal());
        if (!url) context.error(*node.find("proxy_url"), url.error().message);
        http.proxy_url = raw.proxy_url;
    }
    for (const char* key : {"no_proxy", "proxy_from_environment", "proxy_connect_header"}) {
        const Node* given = node.find(key);
        if (given == nullptr || given->scalar == "false") continue;
        context.not_yet.push_back(given->error(fmt::format("{} is not acted on yet", key)));
    }
    return http;
}

std::vector<config::OptionDoc> http_option_docs() {
    return config::docs_of(kHttpOptions);
}

void HttpOptions::apply(runtime::HttpRequest& request) const {
    request.tls = tls;
    request.proxy_url = proxy_url.reveal();
    request.max_redirects = follow_redirects ? kRedirectsMax : 0;
    request.body_limit = kAnswerBytesMax;
    if (!authorization.empty()) {
        request.headers.push_back({"Authorization", authorization.reveal()});
    }
    for (const auto& [name, value] : headers)
        request.headers.push_back({name, value.reveal()});
}

std::vector<Secret> HttpOptions::secrets() const {
    std::vector<Secret> all{authorization, proxy_url};
    for (const auto& [name, value] : headers)
        all.push_back(value);
    return all;
}

}  // namespace pilotlight::alerting

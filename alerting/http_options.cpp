#include "alerting/http_options.h"

#include <fmt/format.h>

#include "alerting/read_context.h"
#include "alerting/tls_options.h"
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
    config::option<&RawHttp::oauth2>("oauth2", "", "client credentials; see oauth2"),
    config::option<&RawHttp::bearer_token>("bearer_token", "", "as authorization's credentials"),
    config::option<&RawHttp::bearer_token_file>("bearer_token_file", "", "a file that holds it"),
    config::option<&RawHttp::proxy_url>("proxy_url", "", "http://host:port of a proxy"),
    config::option<&RawHttp::no_proxy>(
        "no_proxy", "", "hosts, domains and networks that proxy_url is not for, by commas"),
    config::option<&RawHttp::proxy_from_environment>(
        "proxy_from_environment", "false", "whether HTTP_PROXY, HTTPS_PROXY and NO_PROXY count"),
    config::option<&RawHttp::proxy_connect_header>(
        "proxy_connect_header", "", "more headers for the proxy's CONNECT, each a list of secrets"),
    config::option<&RawHttp::tls_config>("tls_config", "", "see tls_config"),
    config::option<&RawHttp::follow_redirects>("follow_redirects", "true",
                                               "whether a redirect is followed, 5 at most"),
    config::option<&RawHttp::enable_http2>("enable_http2", "true", "accepted; HTTP/1.1 is spoken"),
    config::option<&RawHttp::http_headers>("http_headers", "",
                                           "more headers, each with values, secrets or files"),
};

Secret read_basic_auth(const Node& node, Secret& password, ReadContext& context) {
    config::check_keys(node, {"username", "username_file", "password", "password_file"},
                       context.errors);
    const Secret user = context.read_secret(node, "username");
    password = context.read_secret(node, "password");
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
            if (!context.reads_secrets) continue;
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
Secret read_login(const Node& node, const RawHttp& raw, Secret& password, ReadContext& context) {
    int ways = 0;
    Secret login;
    if (raw.basic_auth && ++ways != 0) login = read_basic_auth(*raw.basic_auth, password, context);
    if (raw.authorization && ++ways != 0) login = read_authorization(*raw.authorization, context);
    if ((!raw.bearer_token.empty() || !raw.bearer_token_file.empty()) && ++ways != 0) {
        const Secret token = context.read_secret(node, "bearer_token");
        login = Secret(fmt::format("Bearer {}", token.reveal()));
    }
    if (raw.oauth2) ++ways;
    if (ways > 1) {
        context.error(node,
                      "at most one of basic_auth, authorization, oauth2 and bearer_token may be "
                      "given");
    }
    if (!is_header_text(login.reveal())) {
        context.error(node, "credentials must not hold control characters");
    }
    return login;
}

using Headers = std::vector<std::pair<std::string, Secret>>;

Headers read_connect_headers(const Node& node, ReadContext& context) {
    Headers headers;
    if (!node.is_mapping()) context.error(node, "expected a mapping of names to lists of secrets");
    for (const Node::Entry& entry : node.entries) {
        std::vector<Secret> values;
        config::read_value(entry.value, values, context.errors);
        for (Secret& value : values) {
            if (!is_header_text(entry.key) || !is_header_text(value.reveal())) {
                context.error(entry.value, "a header must not hold control characters");
                continue;
            }
            headers.emplace_back(entry.key, std::move(value));
        }
    }
    return headers;
}

/// `proxy_url` with `no_proxy`, or the environment's.
template <class Raw>
ProxyChoice choose_proxy(const Node& node, const Raw& raw, ReadContext& context) {
    if (raw.proxy_from_environment) {
        for (const char* key : {"proxy_url", "no_proxy"}) {
            const Node* given = node.find(key);
            if (given == nullptr || given->scalar.empty()) continue;
            context.error(*given, fmt::format("{} does not go with proxy_from_environment", key));
        }
        return ProxyChoice::from_environment();
    }
    if (raw.proxy_url.empty()) {
        if (!raw.no_proxy.empty()) {
            context.error(*node.find("no_proxy"), "no_proxy needs a proxy_url");
        }
        return {};
    }
    const auto url = runtime::parse_url(raw.proxy_url.reveal());
    if (!url) context.error(*node.find("proxy_url"), url.error().message);
    if (url && url->is_tls()) {
        context.error(*node.find("proxy_url"), "expected a URL that begins with http://");
    }
    return ProxyChoice(raw.proxy_url, raw.no_proxy);
}

/// The four keys about proxies, of http_config and of oauth2.
template <class Raw>
ProxyChoice read_proxy(const Node& node, const Raw& raw, ReadContext& context) {
    ProxyChoice proxy = choose_proxy(node, raw, context);
    if (!raw.proxy_connect_header) return proxy;
    if (raw.proxy_url.empty() && !raw.proxy_from_environment) {
        context.error(*node.find("proxy_connect_header"),
                      "proxy_connect_header needs a proxy_url or proxy_from_environment");
    }
    proxy.set_connect_headers(read_connect_headers(*raw.proxy_connect_header, context));
    return proxy;
}

struct RawOAuth2 {
    std::string client_id;
    Secret client_secret;
    std::string client_secret_file;
    std::vector<std::string> scopes;
    std::string token_url;
    std::map<std::string, std::string> endpoint_params;
    std::optional<Node> tls_config;
    Secret proxy_url;
    std::string no_proxy;
    bool proxy_from_environment = false;
    std::optional<Node> proxy_connect_header;
};

constexpr config::Option<RawOAuth2> kOAuth2Options[] = {
    config::option<&RawOAuth2::client_id>("client_id", "required", "who asks for a token"),
    config::option<&RawOAuth2::client_secret>("client_secret", "", "and its secret"),
    config::option<&RawOAuth2::client_secret_file>("client_secret_file", "",
                                                   "a file that holds it"),
    config::option<&RawOAuth2::scopes>("scopes", "", "what the token is for"),
    config::option<&RawOAuth2::token_url>("token_url", "required", "where tokens are given"),
    config::option<&RawOAuth2::endpoint_params>("endpoint_params", "",
                                                "what else the token's request says"),
    config::option<&RawOAuth2::tls_config>("tls_config", "", "see tls_config"),
    config::option<&RawOAuth2::proxy_url>("proxy_url", "", "as in http_config"),
    config::option<&RawOAuth2::no_proxy>("no_proxy", "", "as in http_config"),
    config::option<&RawOAuth2::proxy_from_environment>("proxy_from_environment", "false",
                                                       "as in http_config"),
    config::option<&RawOAuth2::proxy_connect_header>("proxy_connect_header", "",
                                                     "as in http_config"),
};

std::shared_ptr<OAuth2> read_oauth2(const Node& node, ReadContext& context) {
    RawOAuth2 raw;
    config::read_options(node, kOAuth2Options, raw, context.errors);
    OAuth2::Options options;
    options.client_id = raw.client_id;
    options.client_secret = context.read_secret(node, "client_secret");
    options.scopes = raw.scopes;
    options.token_url = raw.token_url;
    options.endpoint_params = raw.endpoint_params;
    if (const Node* url = node.find("token_url")) context.check_url(*url, raw.token_url);
    if (raw.tls_config) options.tls = read_tls_options(*raw.tls_config, context);
    options.proxy = read_proxy(node, raw, context);
    return std::make_shared<OAuth2>(std::move(options));
}

}  // namespace

HttpOptions read_http_options(const Node& node, ReadContext& context) {
    RawHttp raw;
    config::read_options(node, kHttpOptions, raw, context.errors);
    HttpOptions http;
    http.authorization = read_login(node, raw, http.password, context);
    if (raw.tls_config) http.tls = read_tls_options(*raw.tls_config, context);
    http.proxy = read_proxy(node, raw, context);
    if (raw.oauth2) http.oauth2 = read_oauth2(*raw.oauth2, context);
    if (raw.http_headers) read_headers(*raw.http_headers, context, http);
    http.follow_redirects = raw.follow_redirects;
    return http;
}

std::vector<config::OptionDoc> http_option_docs() {
    return config::docs_of(kHttpOptions);
}

void HttpOptions::apply(runtime::HttpRequest& request) const {
    request.tls = tls;
    proxy.apply(request);
    request.max_redirects = follow_redirects ? kRedirectsMax : 0;
    request.body_limit = kAnswerBytesMax;
    if (!authorization.empty()) {
        request.headers.push_back({"Authorization", authorization.reveal()});
    }
    for (const auto& [name, value] : headers)
        request.headers.push_back({name, value.reveal()});
}

std::vector<config::OptionDoc> oauth2_option_docs() {
    return config::docs_of(kOAuth2Options);
}

std::vector<Secret> HttpOptions::secrets() const {
    std::vector<Secret> all{authorization, password};
    std::ranges::copy(proxy.secrets(), std::back_inserter(all));
    if (oauth2 != nullptr) all.push_back(oauth2->client_secret());
    for (const auto& [name, value] : headers)
        all.push_back(value);
    return all;
}

}  // namespace pilotlight::alerting

#include "probes/http_client_config.h"

#include <utility>

#include "probes/network.h"
#include "runtime/url.h"

namespace pilotlight::probes {

namespace {

using config::option;
using config::option_read_by;

/// `NAME: {values, secrets, files}`, as Prometheus's configurations have it.
struct HeaderValues {
    std::vector<Secret> values;
    std::vector<Secret> secrets;
    std::vector<std::string> files;
};

void read_secrets(const Node& node, std::vector<Secret>& out, Errors& errors) {
    config::read_value(node, out, errors);
}

constexpr config::Option<HeaderValues> kHeaderValueOptions[] = {
    option_read_by<HeaderValues>([](const Node& node, HeaderValues& out,
                                    Errors& errors) { read_secrets(node, out.values, errors); },
                                 "values", "list of texts", "", "the header's values"),
    option_read_by<HeaderValues>([](const Node& node, HeaderValues& out,
                                    Errors& errors) { read_secrets(node, out.secrets, errors); },
                                 "secrets", "list of secret texts", "",
                                 "values that are never shown"),
    option<&HeaderValues::files>("files", "", "files that hold values"),
};

/// The keys about proxies, of the section itself and of its oauth2.
struct ProxyOptions {
    Secret url;
    std::string no_proxy;
    bool from_environment = false;
    std::vector<std::pair<std::string, Secret>> connect_headers;
};

void read_proxy_url(const Node& node, ProxyOptions& out, Errors& errors) {
    Secret url;
    const std::size_t before = errors.size();
    config::read_value(node, url, errors);
    if (errors.size() != before || url.empty()) return;
    const Result<runtime::Url> parsed = runtime::parse_url(url.reveal());
    if (!parsed || parsed->is_tls()) {
        errors.push_back(node.error("expected a proxy's URL that begins with http://"));
        return;
    }
    out.url = std::move(url);
}

void read_connect_headers(const Node& node, ProxyOptions& out, Errors& errors) {
    if (!node.is_mapping()) {
        config::expected_value(node, "a mapping of names to lists of values", errors);
        return;
    }
    for (const Node::Entry& entry : node.entries) {
        std::vector<Secret> values;
        config::read_value(entry.value, values, errors);
        for (Secret& value : values)
            out.connect_headers.emplace_back(entry.key, std::move(value));
    }
}

constexpr config::Option<ProxyOptions> kProxyOptions[] = {
    option_read_by<ProxyOptions>(&read_proxy_url, "proxy_url", "secret text", "",
                                 "an HTTP proxy, http://[user:password@]host:port; https goes "
                                 "through it by CONNECT"),
    option<&ProxyOptions::no_proxy>(
        "no_proxy", "",
        "hosts, domains, addresses and networks that proxy_url is not for, by commas"),
    option<&ProxyOptions::from_environment>(
        "proxy_from_environment", "false",
        "whether HTTP_PROXY, HTTPS_PROXY and NO_PROXY say which proxy to use"),
    option_read_by<ProxyOptions>(&read_connect_headers, "proxy_connect_header",
                                 "map of lists of secret texts", "",
                                 "headers that the proxy is sent with CONNECT"),
};

struct OAuth2Options {
    runtime::OAuth2::Options client;
    std::string secret_file;
};

void read_token_url(const Node& node, OAuth2Options& out, Errors& errors) {
    const std::size_t before = errors.size();
    config::read_value(node, out.client.token_url, errors);
    if (errors.size() != before) return;
    const Result<runtime::Url> url = runtime::parse_url(out.client.token_url);
    if (!url) errors.push_back(node.error(url.error().message));
}

template <auto Member>
void read_client(const Node& node, OAuth2Options& out, Errors& errors) {
    config::read_value(node, out.client.*Member, errors);
}

using Client = runtime::OAuth2::Options;
using O = OAuth2Options;

constexpr config::Option<OAuth2Options> kOAuth2Options[] = {
    option_read_by<O>(&read_client<&Client::client_id>, "client_id", "text", "required",
                      "who asks for the token"),
    option_read_by<O>(&read_client<&Client::client_secret>, "client_secret", "secret text", "",
                      "and its secret"),
    option_read_by<O>(
        [](const Node& node, O& out, Errors& errors) {
            config::read_value(node, out.secret_file, errors);
            out.secret_file = path_beside(node, out.secret_file);
        },
        "client_secret_file", "path", "", "the file that holds the secret"),
    option_read_by<O>(&read_client<&Client::scopes>, "scopes", "list of texts", "",
                      "what the token is for"),
    option_read_by<O>(&read_token_url, "token_url", "text", "required", "where tokens are given"),
    option_read_by<O>(&read_client<&Client::endpoint_params>, "endpoint_params", "map of texts", "",
                      "what else the request for the token says"),
    option_read_by<O>([](const Node& node, O& out,
                         Errors& errors) { read_tls_config(node, out.client.tls, errors); },
                      "tls_config", "section", "", "as in the section itself"),
};

}  // namespace

void read_http_headers(const Node& node, std::vector<std::pair<std::string, SecretOrFile>>& out,
                       Errors& errors) {
    if (!node.is_mapping()) {
        config::expected_value(node, "a mapping of names to {values, secrets, files}", errors);
        return;
    }
    for (const Node::Entry& entry : node.entries) {
        HeaderValues read;
        config::read_options(entry.value, kHeaderValueOptions, read, errors);
        for (std::vector<Secret>* values : {&read.values, &read.secrets}) {
            for (Secret& value : *values)
                out.emplace_back(entry.key, SecretOrFile{std::move(value), ""});
        }
        for (const std::string& file : read.files) {
            out.emplace_back(entry.key, SecretOrFile{Secret(), path_beside(entry.value, file)});
        }
    }
}

runtime::ProxyChoice read_proxy(const Node& node, Errors& errors) {
    ProxyOptions read;
    config::read_rows(node, kProxyOptions, read, errors);
    if (read.from_environment && (!read.url.empty() || !read.no_proxy.empty())) {
        errors.push_back(
            node.error("proxy_url and no_proxy do not go with proxy_from_environment"));
    }
    if (!read.from_environment && read.url.empty() && !read.no_proxy.empty()) {
        errors.push_back(node.error("no_proxy needs a proxy_url"));
    }
    runtime::ProxyChoice choice;
    if (read.from_environment) {
        choice = runtime::ProxyChoice::from_environment();
    } else if (!read.url.empty()) {
        choice = runtime::ProxyChoice(std::move(read.url), std::move(read.no_proxy));
    }
    choice.set_connect_headers(std::move(read.connect_headers));
    return choice;
}

std::vector<std::string_view> proxy_keys() {
    std::vector<std::string_view> keys;
    for (const auto& row : kProxyOptions)
        keys.push_back(row.key);
    return keys;
}

std::vector<config::OptionDoc> proxy_option_docs() {
    return config::docs_of(kProxyOptions);
}

runtime::OAuth2::Options read_oauth2(const Node& node, std::string& secret_file, Errors& errors) {
    OAuth2Options read;
    const std::vector<std::string_view> keys = proxy_keys();
    config::read_options(node, kOAuth2Options, read, errors, keys);
    read.client.proxy = read_proxy(node, errors);
    if (!read.client.client_secret.empty() && !read.secret_file.empty()) {
        errors.push_back(node.error("expected client_secret or client_secret_file, not both"));
    }
    secret_file = std::move(read.secret_file);
    return std::move(read.client);
}

}  // namespace pilotlight::probes

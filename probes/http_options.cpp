#include "probes/http_options.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "probes/network.h"
#include "runtime/url.h"

namespace pilotlight::probes {

namespace {

using config::option;
using config::option_read_by;

constexpr config::Option<HeaderCondition> kHeaderOptions[] = {
    option<&HeaderCondition::header>("header", "required", "the header's name, any case"),
    option<&HeaderCondition::regexp>("regexp", "required", "matched against each of its values"),
    option<&HeaderCondition::allow_missing>("allow_missing", "false",
                                            "whether an answer without the header is good"),
};

void read_header_conditions(const Node& node, std::vector<HeaderCondition>& out, Errors& errors) {
    if (!node.is_sequence()) {
        config::expected_value(node, "a list of {header, regexp, allow_missing}", errors);
        return;
    }
    for (const Node& item : node.items) {
        HeaderCondition condition;
        config::read_options(item, kHeaderOptions, condition, errors);
        if (condition.regexp) out.push_back(std::move(condition));
    }
}

struct BasicAuth {
    std::string username;
    Secret password;
    std::string password_file;
};
constexpr config::Option<BasicAuth> kBasicAuthOptions[] = {
    option<&BasicAuth::username>("username", "", "the user"),
    option<&BasicAuth::password>("password", "", "the password"),
    option<&BasicAuth::password_file>("password_file", "", "the file that holds the password"),
};

void read_basic_auth(const Node& node, HttpOptions& out, Errors& errors) {
    BasicAuth login;
    config::read_options(node, kBasicAuthOptions, login, errors);
    if (!login.password.empty() && !login.password_file.empty()) {
        errors.push_back(node.error("expected password or password_file, not both"));
    }
    out.username = std::move(login.username);
    out.password = {std::move(login.password), path_beside(node, login.password_file)};
}

struct Authorization {
    std::string type = "Bearer";
    Secret credentials;
    std::string credentials_file;
};
constexpr config::Option<Authorization> kAuthorizationOptions[] = {
    option<&Authorization::type>("type", "Bearer", "the scheme"),
    option<&Authorization::credentials>("credentials", "", "what follows the scheme"),
    option<&Authorization::credentials_file>("credentials_file", "",
                                             "the file that holds the credentials"),
};

void read_authorization(const Node& node, HttpOptions& out, Errors& errors) {
    Authorization login;
    config::read_options(node, kAuthorizationOptions, login, errors);
    if (!login.credentials.empty() && !login.credentials_file.empty()) {
        errors.push_back(node.error("expected credentials or credentials_file, not both"));
    }
    out.authorization_type = std::move(login.type);
    out.credentials = {std::move(login.credentials), path_beside(node, login.credentials_file)};
}

void read_proxy(const Node& node, HttpOptions& out, Errors& errors) {
    Secret url;
    const std::size_t before = errors.size();
    config::read_value(node, url, errors);
    if (errors.size() != before) return;
    const Result<runtime::Url> parsed = runtime::parse_url(url.reveal());
    if (!parsed || parsed->is_tls()) {
        errors.push_back(node.error("expected a proxy's URL that begins with http://"));
        return;
    }
    out.proxy_url = std::move(url);
}

void read_compression(const Node& node, HttpOptions& out, Errors& errors) {
    static constexpr std::array<std::string_view, 5> kKnown = {"", "identity", "gzip", "deflate",
                                                               "br"};
    if (!node.is_scalar() || std::ranges::find(kKnown, node.scalar) == kKnown.end()) {
        config::expected_value(node, "identity, gzip, deflate or br", errors);
        return;
    }
    out.compression = node.scalar;
}

void read_status_codes(const Node& node, HttpOptions& out, Errors& errors) {
    const std::size_t before = errors.size();
    config::read_value(node, out.valid_status_codes, errors);
    if (errors.size() != before) return;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        const int code = out.valid_status_codes[i];
        if (code < 100 || code > 599) {
            config::expected_value(node.items[i], "a status code from 100 to 599", errors);
        }
    }
}

void read_versions(const Node& node, HttpOptions& out, Errors& errors) {
    const std::size_t before = errors.size();
    config::read_value(node, out.valid_http_versions, errors);
    if (errors.size() != before) return;
    for (const Node& item : node.items) {
        if (item.scalar.starts_with("HTTP/")) continue;
        config::expected_value(item, "a version as in HTTP/1.1", errors);
    }
}

/// Read for the sake of modules written for blackbox_exporter; HTTP/1.1 is always spoken.
void ignore_switch(const Node& node, HttpOptions&, Errors& errors) {
    bool ignored = false;
    config::read_value(node, ignored, errors);
}

using H = HttpOptions;

constexpr config::Option<HttpOptions> kOptions[] = {
    option_read_by<H>(&read_status_codes, "valid_status_codes", "list of integers", "2xx",
                      "the statuses that are good"),
    option_read_by<H>(&read_versions, "valid_http_versions", "list of texts", "",
                      "the versions that are good: HTTP/1.0, HTTP/1.1; any by default"),
    option<&H::method>("method", "GET", "the request method"),
    option<&H::headers>("headers", "",
                        "headers to send; a Host here is also whose certificate is "
                        "expected"),
    option<&H::body>("body", "", "the body to send"),
    option_read_by<H>(
        [](const Node& node, H& out, Errors& errors) {
            config::read_value(node, out.body_file, errors);
            out.body_file = path_beside(node, out.body_file);
        },
        "body_file", "path", "", "the file that holds the body to send"),
    option<&H::fail_if_ssl>("fail_if_ssl", "false", "fail when the answer came over TLS"),
    option<&H::fail_if_not_ssl>("fail_if_not_ssl", "false",
                                "fail when the answer did not come over TLS"),
    option<&H::fail_if_body_matches>("fail_if_body_matches_regexp", "",
                                     "fail when one of these matches somewhere in the body"),
    option<&H::fail_if_body_not_matches>("fail_if_body_not_matches_regexp", "",
                                         "fail when one of these matches nowhere in the body"),
    option_read_by<H>(
        [](const Node& node, H& out, Errors& errors) {
            read_header_conditions(node, out.fail_if_header_matches, errors);
        },
        "fail_if_header_matches", "list of {header, regexp, allow_missing}", "",
        "fail when a value of the header matches"),
    option_read_by<H>(
        [](const Node& node, H& out, Errors& errors) {
            read_header_conditions(node, out.fail_if_header_not_matches, errors);
        },
        "fail_if_header_not_matches", "list of {header, regexp, allow_missing}", "",
        "fail when no value of the header matches"),
    option<&H::follow_redirects>("follow_redirects", "true",
                                 "whether redirects are followed, at most 10"),
    option_read_by<H>(
        [](const Node& node, H& out, Errors& errors) {
            bool no_follow = false;
            config::read_value(node, no_follow, errors);
            if (no_follow) out.follow_redirects = false;
        },
        "no_follow_redirects", "true or false", "false", "the older way to say follow_redirects"),
    option_read_by<H>(
        [](const Node& node, H& out, Errors& errors) { read_tls_config(node, out.tls, errors); },
        "tls_config", "section", "",
        "TLS: ca_file, cert_file, key_file, server_name, "
        "insecure_skip_verify, min_version, max_version"),
    option_read_by<H>(&read_basic_auth, "basic_auth", "section", "",
                      "username and password or password_file"),
    option_read_by<H>(&read_authorization, "authorization", "section", "",
                      "type (Bearer) and credentials or credentials_file"),
    option_read_by<H>(
        [](const Node& node, H& out, Errors& errors) {
            config::read_value(node, out.credentials.text, errors);
        },
        "bearer_token", "secret text", "", "the older way to say authorization"),
    option_read_by<H>(
        [](const Node& node, H& out, Errors& errors) {
            config::read_value(node, out.credentials.file, errors);
            out.credentials.file = path_beside(node, out.credentials.file);
        },
        "bearer_token_file", "path", "", "the file that holds the bearer token"),
    option_read_by<H>(&read_proxy, "proxy_url", "secret text", "",
                      "an HTTP proxy, http://[user:password@]host:port"),
    option<&H::body_size_limit>(
        "body_size_limit", "0",
        "fail when the body, decoded, is larger; 0 leaves only the daemon's own limit, where the "
        "body is cut"),
    option_read_by<H>(&read_compression, "compression", "identity, gzip, deflate or br", "",
                      "the content coding to ask for"),
    preferred_ip_protocol_row<H>(),
    ip_protocol_fallback_row<H>(),
    option_read_by<H>(&ignore_switch, "enable_http2", "true or false", "",
                      "read for compatibility; HTTP/1.1 is spoken"),
    option_read_by<H>(&ignore_switch, "enable_http3", "true or false", "",
                      "read for compatibility; HTTP/1.1 is spoken"),
    option_read_by<H>(&ignore_switch, "skip_resolve_phase_with_proxy", "true or false", "",
                      "read for compatibility; a proxy resolves by itself always"),
};

}  // namespace

HttpOptions read_http_options(const Node& node, Errors& errors) {
    HttpOptions options;
    config::read_options(node, kOptions, options, errors);
    if (options.fail_if_ssl && options.fail_if_not_ssl) {
        errors.push_back(
            node.error("fail_if_ssl and fail_if_not_ssl leave no answer that is good"));
    }
    const bool has_basic = !options.username.empty() || options.password.is_set();
    if (has_basic && options.credentials.is_set()) {
        errors.push_back(node.error("expected one of basic_auth, authorization and bearer_token"));
    }
    if (!options.body.empty() && !options.body_file.empty()) {
        errors.push_back(node.error("expected body or body_file, not both"));
    }
    return options;
}

std::vector<config::OptionDoc> http_option_docs() {
    return config::docs_of(kOptions);
}

}  // namespace pilotlight::probes

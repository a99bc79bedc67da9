#include "probes/http_options.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "probes/http_client_config.h"
#include "probes/network.h"
#include "runtime/url.h"

namespace pilotlight::probes {

namespace {

using config::option;
using config::option_read_by;

std::string lower_case(std::string_view text) {
    std::string small(text);
    for (char& c : small) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return small;
}

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

void refuse_cel(const Node& node, HttpOptions&, Errors& errors) {
    errors.push_back(node.error("CEL is not supported; body_json compares what JSONPath selects"));
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

/// Whether a server that heeds `accept` may answer in `coding`: `gzip;q=0` says that it may not.
bool is_acceptable(std::string_view coding, std::string_view accept) {
    bool acceptable = false;
    while (!accept.empty()) {
        const std::size_t comma = std::min(accept.find(','), accept.size());
        std::string item(accept.substr(0, comma));
        accept.remove_prefix(std::min(comma + 1, accept.size()));
        std::erase(item, ' ');
        const std::string name = item.substr(0, item.find(';'));
        const bool is_refused = item.ends_with(";q=0") || item.contains(";q=0.0");
        if (name == coding) return !is_refused;
        if (name == "*") acceptable = !is_refused;
    }
    return acceptable;
}

void check_compression(const Node& node, const HttpOptions& options, Errors& errors) {
    if (options.compression.empty()) return;
    for (const auto& [name, value] : options.headers) {
        if (lower_case(name) != "accept-encoding") continue;
        if (is_acceptable(options.compression, value.reveal())) continue;
        errors.push_back(node.error("the header Accept-Encoding does not admit compression: " +
                                    options.compression));
    }
}

using H = HttpOptions;

constexpr config::Option<HttpOptions> kOptions[] = {
    option_read_by<H>(&read_status_codes, "valid_status_codes", "list of integers", "2xx",
                      "the statuses that are good"),
    option_read_by<H>(&read_versions, "valid_http_versions", "list of texts", "",
                      "the versions that are good: HTTP/1.0, HTTP/1.1, HTTP/2.0; any by default"),
    option<&H::method>("method", "GET", "the request method"),
    option<&H::headers>("headers", "",
                        "headers to send; a Host here is also whose certificate is "
                        "expected"),
    option_read_by<H>([](const Node& node, H& out,
                         Errors& errors) { read_http_headers(node, out.more_headers, errors); },
                      "http_headers", "map of {values, secrets, files}", "",
                      "more headers to send, each with any number of values"),
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
            read_json_conditions(node, out.body_json, errors);
        },
        "body_json", "list of {path, conditions}", "",
        "what the body must hold as JSON: `path` is a JSONPath (RFC 9535, without functions); "
        "equals, not_equals, matches, not_matches, contains, greater_than, at_least, less_than and "
        "at_most must hold for every value that it selects, of which one must be there; exists, "
        "count, count_at_least and count_at_most are about their number"),
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
    option_read_by<H>(&refuse_cel, "fail_if_body_json_matches_cel", "text", "",
                      "refused: CEL is not supported; see body_json"),
    option_read_by<H>(&refuse_cel, "fail_if_body_json_not_matches_cel", "text", "",
                      "refused: CEL is not supported; see body_json"),
    option<&H::follow_redirects>("follow_redirects", "true",
                                 "whether redirects are followed, at most 10"),
    option_read_by<H>(
        [](const Node& node, H& out, Errors& errors) {
            bool no_follow = false;
            config::read_value(node, no_follow, errors);
            if (no_follow) out.follow_redirects = false;
        },
        "no_follow_redirects", "true or false", "false", "the older way to say follow_redirects"),
    tls_config_row<H>(),
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
    option_read_by<H>(
        [](const Node& node, H& out, Errors& errors) {
            out.oauth2 = read_oauth2(node, out.oauth2_secret_file, errors);
        },
        "oauth2", "section", "",
        "client credentials (RFC 6749, 4.4): client_id, client_secret or "
        "client_secret_file, scopes, token_url, endpoint_params, tls_config and the "
        "keys about proxies; a token is kept as long as it is valid"),
    option<&H::body_size_limit>(
        "body_size_limit", "0",
        "fail when the body, decoded, is larger; 0 leaves only the daemon's own limit, where the "
        "body is cut"),
    option_read_by<H>(&read_compression, "compression", "identity, gzip, deflate or br", "",
                      "the content coding to ask for; a body that is not of it is bad"),
    resume_sessions_row<H>(),
    preferred_ip_protocol_row<H>(),
    ip_protocol_fallback_row<H>(),
    option<&H::http2>("enable_http2", "true",
                      "whether HTTP/2 is offered over TLS, and spoken where the server takes it"),
    option<&H::http3>("enable_http3", "false",
                      "HTTP/3 is not spoken: with true, every probe ends as unknown"),
    option<&H::skip_resolve_with_proxy>("skip_resolve_phase_with_proxy", "false",
                                        "leave it to the proxy to resolve the host; otherwise it "
                                        "is resolved here, and the proxy is "
                                        "given its address"),
};

}  // namespace

HttpOptions read_http_options(const Node& node, Errors& errors) {
    HttpOptions options;
    const std::vector<std::string_view> keys = proxy_keys();
    config::read_options(node, kOptions, options, errors, keys);
    options.proxy = read_proxy(node, errors);
    check_compression(node, options, errors);
    if (options.fail_if_ssl && options.fail_if_not_ssl) {
        errors.push_back(
            node.error("fail_if_ssl and fail_if_not_ssl leave no answer that is good"));
    }
    const bool has_basic = !options.username.empty() || !options.password.empty();
    const int logins =
        int{has_basic} + int{!options.credentials.empty()} + int{options.oauth2.has_value()};
    if (logins > 1) {
        errors.push_back(
            node.error("expected one of basic_auth, authorization, bearer_token and oauth2"));
    }
    if (!options.body.empty() && !options.body_file.empty()) {
        errors.push_back(node.error("expected body or body_file, not both"));
    }
    return options;
}

std::vector<config::OptionDoc> http_option_docs() {
    std::vector<config::OptionDoc> docs = config::docs_of(kOptions);
    for (const config::OptionDoc& doc : proxy_option_docs())
        docs.push_back(doc);
    return docs;
}

}  // namespace pilotlight::probes

#include "runtime/oauth2.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "runtime/url.h"

namespace pilotlight::runtime {
namespace {

namespace asio = boost::asio;
using nlohmann::json;

/// A token that is about to expire is not worth sending.
constexpr auto kExpiryMargin = std::chrono::seconds(10);
constexpr std::string_view kBearer = "Bearer ";
constexpr std::uint64_t kAnswerBytesMax = 64 << 10;

/// application/x-www-form-urlencoded.
std::string form_text(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                           (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' || c == '~';
        if (plain) {
            encoded += c;
        } else {
            encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return encoded;
}

Failure no_token(std::string reason, std::string detail) {
    return {"oauth2", std::move(reason), std::move(detail)};
}

bool is_token_text(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

HttpRequest OAuth2::token_request(bool secret_in_body) const {
    std::string form = "grant_type=client_credentials";
    std::string scopes;
    for (const std::string& scope : options_.scopes) {
        if (!scopes.empty()) scopes += ' ';
        scopes += scope;
    }
    if (!scopes.empty()) form += "&scope=" + form_text(scopes);
    for (const auto& [name, value] : options_.endpoint_params) {
        form += fmt::format("&{}={}", form_text(name), form_text(value));
    }
    HttpRequest request;
    request.method = "POST";
    request.url = options_.token_url;
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    request.tls = options_.tls;
    options_.proxy.apply(request);
    request.body_limit = kAnswerBytesMax;
    const std::string id = form_text(options_.client_id);
    const std::string secret = form_text(options_.client_secret.reveal());
    if (secret_in_body) {
        form += fmt::format("&client_id={}&client_secret={}", id, secret);
    } else {
        const Secret login = basic_authorization(Secret(id), Secret(secret));
        request.headers.push_back({"Authorization", login.reveal()});
    }
    request.body = std::move(form);
    return request;
}

asio::awaitable<std::expected<OAuth2::Token, Failure>> OAuth2::ask(Services& services,
                                                                   Deadline deadline) const {
    HttpRequest request = token_request(false);
    HttpResult answer = co_await runtime::fetch(services, std::move(request), deadline);
    // Not every server takes the secret in the header, though RFC 6749 wants it there.
    if (!answer.failure && (answer.status == 400 || answer.status == 401)) {
        request = token_request(true);
        answer = co_await runtime::fetch(services, std::move(request), deadline);
    }
    if (answer.failure) {
        answer.failure->detail = "no token: " + answer.failure->detail;
        co_return std::unexpected(*answer.failure);
    }
    if (answer.status < 200 || answer.status > 299) {
        co_return std::unexpected(
            no_token("status", fmt::format("no token: its server answered {}", answer.status)));
    }
    json body = json::parse(answer.body, nullptr, false);
    if (!body.is_object()) body = json::object();
    const json text = body.value("access_token", json(""));
    if (!text.is_string() || !is_token_text(text.get<std::string>())) {
        co_return std::unexpected(no_token("protocol", "no token: its server gave none"));
    }
    Token token{std::string(kBearer) + text.get<std::string>()};
    const json lifetime = body.value("expires_in", json());
    if (lifetime.is_number() && lifetime.get<double>() > 0) {
        const double seconds = std::min(lifetime.get<double>(), 1e9);
        token.expires =
            steady_now() + std::chrono::seconds(static_cast<std::int64_t>(seconds)) - kExpiryMargin;
    }
    co_return token;
}

std::string OAuth2::cached() const {
    const std::scoped_lock lock(mutex_);
    return steady_now() < token_.expires ? token_.header : "";
}

Secret OAuth2::token() const {
    const std::scoped_lock lock(mutex_);
    return Secret(token_.header);
}

void OAuth2::keep(Token token) {
    const std::scoped_lock lock(mutex_);
    token_ = std::move(token);
}

asio::awaitable<HttpResult> OAuth2::fetch(Services& services, HttpRequest request,
                                          Deadline deadline) {
    std::string header = cached();
    const bool was_cached = !header.empty();
    for (bool again = false;; again = true) {
        if (header.empty()) {
            auto token = co_await ask(services, deadline);
            if (!token) {
                HttpResult none;
                none.failure = token.error();
                co_return none;
            }
            header = token->header;
            keep(std::move(*token));
        }
        HttpRequest attempt = request;
        attempt.headers.push_back({"Authorization", header});
        HttpResult answer = co_await runtime::fetch(services, std::move(attempt), deadline);
        // A service that says what it was sent must not make an error show it.
        const std::string_view secret = std::string_view(header).substr(kBearer.size());
        for (std::size_t at = answer.body.find(secret); at != std::string::npos;
             at = answer.body.find(secret)) {
            answer.body.replace(at, secret.size(), "<secret>");
        }
        if (answer.status != 401 || again || !was_cached) co_return answer;
        header.clear();
        keep({});
    }
}

}  // namespace pilotlight::runtime

#pragma once

#include <boost/asio/awaitable.hpp>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/secret.h"
#include "runtime/http_client.h"
#include "runtime/proxy_choice.h"

namespace pilotlight::runtime {

/// OAuth 2 client credentials (RFC 6749, 4.4): a token is fetched when it is first needed, kept as
/// long as it is valid, and fetched anew when a service does not take it. Thread: any.
class OAuth2 {
  public:
    struct Options {
        std::string client_id;
        Secret client_secret;
        std::vector<std::string> scopes;
        std::string token_url;
        std::map<std::string, std::string> endpoint_params;
        TlsSettings tls;
        ProxyChoice proxy;
    };

    explicit OAuth2(Options options) : options_(std::move(options)) {}

    /// The request with a token, once more with a new one where the answer is 401. A token that
    /// cannot be had is told as a failure of the dialogue, in phase `oauth2`. This outlives the
    /// call.
    [[nodiscard]] boost::asio::awaitable<HttpResult> fetch(Services& services, HttpRequest request,
                                                           Deadline deadline);

    [[nodiscard]] const Secret& client_secret() const { return options_.client_secret; }
    /// The header's value with the token that is kept now; empty where there is none.
    [[nodiscard]] Secret token() const;

  private:
    struct Token {
        /// "Bearer ...".
        std::string header;
        SteadyTime expires = SteadyTime::max();
    };
    [[nodiscard]] boost::asio::awaitable<std::expected<Token, Failure>> ask(
        Services& services, Deadline deadline) const;
    [[nodiscard]] HttpRequest token_request(bool secret_in_body) const;
    [[nodiscard]] std::string cached() const;
    void keep(Token token);

    Options options_;
    mutable std::mutex mutex_;
    Token token_;
};

}  // namespace pilotlight::runtime

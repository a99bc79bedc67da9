#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/options.h"
#include "core/document.h"
#include "core/secret.h"
#include "runtime/http_client.h"
#include "runtime/oauth2.h"
#include "runtime/proxy_choice.h"

namespace pilotlight::alerting {

using runtime::OAuth2;
using runtime::ProxyChoice;

struct ReadContext;

/// How a receiver is reached: Alertmanager's `http_config`.
struct HttpOptions {
    /// The Authorization header's value; "" for none.
    Secret authorization;
    /// The password that is in it; "" where it is of another kind.
    Secret password;
    ProxyChoice proxy;
    /// Null where there is none; else it gives the Authorization header.
    std::shared_ptr<OAuth2> oauth2;
    runtime::TlsSettings tls;
    bool follow_redirects = true;
    std::vector<std::pair<std::string, Secret>> headers;

    /// Sets what the options say on a request whose URL is set, but for OAuth 2's token.
    void apply(runtime::HttpRequest& request) const;
    /// The texts that no message may show.
    [[nodiscard]] std::vector<Secret> secrets() const;
};

/// Reads `http_config`; null gives the defaults.
[[nodiscard]] HttpOptions read_http_options(const Node& node, ReadContext& context);
[[nodiscard]] std::vector<config::OptionDoc> http_option_docs();
[[nodiscard]] std::vector<config::OptionDoc> oauth2_option_docs();

}  // namespace pilotlight::alerting

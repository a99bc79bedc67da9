#pragma once

#include <string>
#include <vector>

#include "config/options.h"
#include "core/document.h"
#include "core/secret.h"
#include "runtime/http_client.h"

namespace pilotlight::alerting {

struct ReadContext;

/// How a receiver is reached: Alertmanager's `http_config`.
struct HttpOptions {
    /// The Authorization header's value; "" for none.
    Secret authorization;
    Secret proxy_url;
    runtime::TlsSettings tls;
    bool follow_redirects = true;
    std::vector<std::pair<std::string, Secret>> headers;

    /// Sets what the options say on a request to a receiver.
    void apply(runtime::HttpRequest& request) const;
    /// The texts that no message may show.
    [[nodiscard]] std::vector<Secret> secrets() const;
};

/// Reads `http_config`; null gives the defaults.
[[nodiscard]] HttpOptions read_http_options(const Node& node, ReadContext& context);
[[nodiscard]] std::vector<config::OptionDoc> http_option_docs();

}  // namespace pilotlight::alerting

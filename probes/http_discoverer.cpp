#include "probes/http_discoverer.h"

#include <fmt/format.h>

#include "config/options.h"
#include "config/yaml.h"
#include "probes/client_options.h"
#include "runtime/http_client.h"
#include "runtime/services.h"

namespace pilotlight::probes {
namespace {

using config::DiscoveredTarget;

struct ClientOptions {
    HttpLogin login;
    runtime::TlsSettings tls_config;
    Secret proxy_url;
    bool follow_redirects = true;
    bool enable_http2 = true;
};

constexpr config::Option<ClientOptions> kOptions[] = {
    basic_auth_row<ClientOptions>(),
    authorization_row<ClientOptions>(),
    tls_config_row<ClientOptions>(),
    config::option<&ClientOptions::proxy_url>("proxy_url", "", ""),
    config::option<&ClientOptions::follow_redirects>("follow_redirects", "true", ""),
    config::option<&ClientOptions::enable_http2>("enable_http2", "true", ""),
};

constexpr int kRedirectsMax = 10;

/// What Prometheus accepts: a page of HTML that a proxy puts up is no list of targets.
bool is_json(std::string_view type) {
    static const auto kJson = Regexp::compile(
        R"((?i)application/json(;\s*charset=("utf-8"|utf-8))?)", Regexp::Anchor::both);
    return kJson->matches(type);
}

class HttpDiscoverer : public Discoverer {
  public:
    HttpDiscoverer(ClientOptions options, Secret url, Duration refresh_interval)
        : options_(std::move(options)), url_(std::move(url)), refresh_(refresh_interval) {}

    boost::asio::awaitable<Result<std::vector<DiscoveredTarget>>> ask(
        runtime::Services& services, runtime::Deadline deadline) override {
        auto secret = co_await load_secret(services, options_.login.secret, deadline);
        if (!secret) co_return fail(secret.error().detail);
        runtime::HttpRequest request = make_request(*secret, services.body_limit());
        const runtime::HttpResult answer =
            co_await runtime::fetch(services, std::move(request), deadline);
        if (answer.failure) co_return fail(answer.failure->detail);
        co_return read(answer);
    }

    [[nodiscard]] std::string name() const override {
        return fmt::format("http_sd {}", config::redact_address(url_.reveal()));
    }

  private:
    [[nodiscard]] runtime::HttpRequest make_request(const Secret& secret,
                                                    std::uint64_t body_limit) const {
        runtime::HttpRequest request;
        request.url = url_.reveal();
        request.headers = {
            {"Accept", "application/json"},
            {"X-Prometheus-Refresh-Interval-Seconds", fmt::format("{:.6f}", seconds_of(refresh_))}};
        if (!options_.login.empty()) {
            request.headers.push_back(
                {"Authorization", authorization_of(options_.login, secret).reveal()});
        }
        request.tls = options_.tls_config;
        request.proxy_url = options_.proxy_url.reveal();
        request.max_redirects = options_.follow_redirects ? kRedirectsMax : 0;
        request.body_limit = body_limit;
        return request;
    }

    [[nodiscard]] Result<std::vector<DiscoveredTarget>> read(
        const runtime::HttpResult& answer) const {
        if (answer.status != 200) return fail(fmt::format("HTTP {}, expected 200", answer.status));
        if (!is_json(answer.header("Content-Type"))) {
            return fail(fmt::format("the answer is of the type \"{}\", expected application/json",
                                    answer.header("Content-Type").substr(0, 100)));
        }
        if (answer.truncated) return fail("the answer is too large");
        const auto root = config::parse_yaml(answer.body, "answer");
        if (!root) return std::unexpected(root.error());
        Errors errors;
        auto targets = config::read_target_groups(*root, errors);
        if (!errors.empty()) return std::unexpected(std::move(errors.front()));
        const std::string url = config::redact_address(url_.reveal());
        for (DiscoveredTarget& target : targets) {
            target.labels = LabelsBuilder(target.labels).set("__meta_url", url).build();
            target.where = {};
        }
        return targets;
    }

    ClientOptions options_;
    Secret url_;
    Duration refresh_;
};

}  // namespace

Checked<std::unique_ptr<Discoverer>> make_http_discoverer(const config::HttpDiscovery& discovery,
                                                          Duration refresh_interval) {
    ClientOptions options;
    Errors errors;
    config::read_options(discovery.client, kOptions, options, errors);
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return std::make_unique<HttpDiscoverer>(std::move(options), discovery.url, refresh_interval);
}

}  // namespace pilotlight::probes

#pragma once

#include <string>
#include <vector>

#include "alerting/http_options.h"
#include "alerting/integration.h"
#include "alerting/read_context.h"
#include "core/secret.h"

namespace pilotlight::alerting {

/// What receivers share that are reached by HTTP: `http_config`, the dialogue, and secrets that no
/// error repeats.
class HttpIntegration : public Integration {
  public:
    /// By status: see classify_status().
    [[nodiscard]] Delivery classify(const runtime::HttpResult& answer) const override;
    /// render()'s requests in order, each classified; the first that is not delivered ends it.
    [[nodiscard]] boost::asio::awaitable<Sent> send(runtime::Services& services,
                                                    Notification notification, std::string memory,
                                                    runtime::Deadline deadline) const override;

    /// render_change()'s requests, likewise.
    [[nodiscard]] boost::asio::awaitable<Delivery> send_change(
        runtime::Services& services, ChangeEvent event, runtime::Deadline deadline) const override;

    [[nodiscard]] std::string without_secrets(std::string text) const override;

  protected:
    /// `given` is the receiver's own http_config; without it the file's `global` one holds.
    void read_http(const std::optional<Node>& given, ReadContext& context);
    /// Texts, and the telling parts of URLs, that no message may repeat.
    void keep_secret(std::vector<Secret> secrets);
    [[nodiscard]] std::span<const Secret> secrets() const { return secrets_; }

    /// A POST of JSON, with what http_config says.
    [[nodiscard]] runtime::HttpRequest json_post(std::string url, std::string body) const;
    struct Heard {
        Delivery delivery;
        runtime::HttpResult answer;
    };
    /// One request, and what its answer means.
    [[nodiscard]] boost::asio::awaitable<Heard> exchange(runtime::Services& services,
                                                         runtime::HttpRequest request,
                                                         runtime::Deadline deadline) const;

    HttpOptions http_;

  private:
    [[nodiscard]] boost::asio::awaitable<Delivery> exchange_all(
        runtime::Services& services, std::vector<runtime::HttpRequest> requests,
        runtime::Deadline deadline) const;

    std::vector<Secret> secrets_;
};

}  // namespace pilotlight::alerting

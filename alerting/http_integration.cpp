#include "alerting/http_integration.h"

#include "alerting/receivers/answers.h"
#include "runtime/services.h"

namespace pilotlight::alerting {

namespace asio = boost::asio;

void HttpIntegration::read_http(const std::optional<Node>& given, ReadContext& context) {
    http_ = given ? read_http_options(*given, context) : context.global.http;
    keep_secret({});
}

void HttpIntegration::keep_secret(std::vector<Secret> secrets) {
    std::vector<Secret> all = http_.secrets();
    std::ranges::move(secrets, std::back_inserter(all));
    std::ranges::copy(secrets_, std::back_inserter(all));
    secrets_ = with_parts(std::move(all));
}

Delivery HttpIntegration::classify(const runtime::HttpResult& answer) const {
    return classify_status(answer, secrets_);
}

std::string HttpIntegration::without_secrets(std::string text) const {
    return alerting::without_secrets(std::move(text), secrets_);
}

runtime::HttpRequest HttpIntegration::json_post(std::string url, std::string body) const {
    runtime::HttpRequest request;
    request.method = "POST";
    request.url = std::move(url);
    request.headers = {{"Content-Type", "application/json"}};
    http_.apply(request);
    request.body = std::move(body);
    return request;
}

asio::awaitable<HttpIntegration::Heard> HttpIntegration::exchange(
    runtime::Services& services, runtime::HttpRequest request, runtime::Deadline deadline) const {
    Heard heard;
    if (http_.oauth2 != nullptr) {
        heard.answer = co_await http_.oauth2->fetch(services, std::move(request), deadline);
    } else {
        heard.answer = co_await runtime::fetch(services, std::move(request), deadline);
    }
    heard.delivery =
        heard.answer.failure ? classify_failure(*heard.answer.failure) : classify(heard.answer);
    heard.delivery.detail = quote_safely(std::move(heard.delivery.detail), secrets_);
    co_return heard;
}

asio::awaitable<Delivery> HttpIntegration::exchange_all(runtime::Services& services,
                                                        std::vector<runtime::HttpRequest> requests,
                                                        runtime::Deadline deadline) const {
    Delivery delivery;
    for (runtime::HttpRequest& request : requests) {
        Heard heard = co_await exchange(services, std::move(request), deadline);
        delivery = std::move(heard.delivery);
        if (delivery.kind != Delivery::Kind::delivered) break;
    }
    co_return delivery;
}

asio::awaitable<Sent> HttpIntegration::send(runtime::Services& services, Notification notification,
                                            std::string /*memory*/,
                                            runtime::Deadline deadline) const {
    Message message = render(notification);
    Sent sent;
    sent.template_error = std::move(message.template_error);
    sent.delivery = co_await exchange_all(services, std::move(message.requests), deadline);
    co_return sent;
}

asio::awaitable<Delivery> HttpIntegration::send_change(runtime::Services& services,
                                                       ChangeEvent event,
                                                       runtime::Deadline deadline) const {
    Message message = render_change(event);
    Delivery delivery = co_await exchange_all(services, std::move(message.requests), deadline);
    co_return delivery;
}

}  // namespace pilotlight::alerting

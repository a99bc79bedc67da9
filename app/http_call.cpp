#include "app/http_call.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "runtime/blocking.h"
#include "runtime/http_client.h"
#include "runtime/loop.h"
#include "runtime/services.h"

namespace pilotlight::app {
namespace {

namespace asio = boost::asio;

void append_encoded(std::string& out, std::string_view text) {
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
        if (plain) {
            out += c;
        } else {
            fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
        }
    }
}

Result<HttpAnswer> exchange(runtime::HttpRequest request, Duration patience) {
    runtime::BlockingPool blocking;
    runtime::Loop loop("client");
    runtime::Services services(loop.executor(), blocking);
    loop.start();
    const std::string url = without_login(request.url);
    request.body_limit = std::uint64_t{1} << 30;
    auto answer = asio::co_spawn(
        loop.executor(),
        runtime::fetch(services, std::move(request), runtime::Deadline::in(patience)),
        asio::use_future);
    runtime::HttpResult result = answer.get();
    loop.stop();
    loop.join();
    if (result.failure) {
        return fail(fmt::format("{}: {}; is Pilotlight running there? (--url)", url,
                                result.failure->detail));
    }
    if (result.truncated) return fail(fmt::format("{}: the answer is too long", url));
    return HttpAnswer{.status = result.status, .body = std::move(result.body)};
}

}  // namespace

std::string without_login(std::string_view url) {
    const std::size_t scheme = url.find("://");
    const std::size_t host = scheme == url.npos ? 0 : scheme + 3;
    const std::size_t at = url.substr(0, url.find_first_of("/?#", host)).rfind('@');
    if (at == url.npos || at < host) return std::string(url);
    return fmt::format("{}{}", url.substr(0, host), url.substr(at + 1));
}

Result<HttpAnswer> call_http(const std::string& url, const std::string& form, Duration patience) {
    runtime::HttpRequest request;
    request.url = url;
    if (!form.empty()) {
        request.method = "POST";
        request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
        request.body = form;
    }
    return exchange(std::move(request), patience);
}

Result<HttpAnswer> call_http(const HttpCall& call, Duration patience) {
    runtime::HttpRequest request;
    request.method = call.method;
    request.url = call.url;
    if (!call.json.empty()) {
        request.headers.push_back({"Content-Type", "application/json"});
        request.body = call.json;
    }
    return exchange(std::move(request), patience);
}

Result<std::string> body_of(const HttpCall& call) {
    constexpr Duration kPatience{10'000};
    constexpr std::size_t kShown = 500;
    auto answer = call_http(call, kPatience);
    if (!answer) return std::unexpected(std::move(answer.error()));
    if (answer->status / 100 == 2) return std::move(answer->body);
    std::string said = answer->body.substr(0, kShown);
    while (said.ends_with('\n'))
        said.pop_back();
    return fail(fmt::format("{}: HTTP {}{}{}", without_login(call.url), answer->status,
                            said.empty() ? "" : ": ", said));
}

std::string form_of(const std::vector<std::pair<std::string, std::string>>& fields) {
    std::string form;
    for (const auto& [name, value] : fields) {
        if (!form.empty()) form += '&';
        append_encoded(form, name);
        form += '=';
        append_encoded(form, value);
    }
    return form;
}

}  // namespace pilotlight::app

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

}  // namespace

Result<HttpAnswer> call_http(const std::string& url, const std::string& form, Duration patience) {
    runtime::BlockingPool blocking;
    runtime::Loop loop("client");
    runtime::Services services(loop.executor(), blocking);
    loop.start();
    runtime::HttpRequest request;
    request.url = url;
    request.body_limit = std::uint64_t{1} << 30;
    if (!form.empty()) {
        request.method = "POST";
        request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
        request.body = form;
    }
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

#include "tests/exporters/echo_server.h"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <stdexcept>

using namespace std::chrono_literals;

namespace pilotlight::exporters {

Response echo(const Request& request) {
    if (request.path == "/throws") throw std::runtime_error("on purpose");
    std::string text = request.method + ' ' + request.path + ' ' + request.body;
    for (const auto& [name, value] : request.parameters)
        text += ' ' + name + '=' + value;
    return text_response(200, std::move(text));
}

std::unique_ptr<HttpServer> start_server(HttpServer::Handler handler, HttpLimits limits) {
    auto server = HttpServer::start("127.0.0.1", 0, std::move(handler), limits);
    BOOST_REQUIRE(server.has_value());
    return std::move(*server);
}

bool starts_with_status(const std::string& answer, int status) {
    return answer.starts_with("HTTP/1.1 " + std::to_string(status) + ' ');
}

void Door::wait_until_open() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait_for(lock, 60s, [this] { return open_; });
}

void Door::wait_until_somebody_waits() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 60s, [this] { return waiting_ > 0; });
}

void Door::open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
}

}  // namespace pilotlight::exporters

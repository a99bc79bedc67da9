#include "tests/exporters/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace pilotlight::exporters {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLimit{10'000};

}  // namespace

RawClient::RawClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        ::close(socket_);
        throw std::runtime_error("nobody listens");
    }
}

RawClient::~RawClient() {
    ::close(socket_);
}

bool RawClient::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

bool RawClient::receive(milliseconds limit) {
    pollfd waited{socket_, POLLIN, 0};
    if (::poll(&waited, 1, static_cast<int>(limit.count())) <= 0) return false;
    char buffer[65536];
    const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    buffered_.append(buffer, static_cast<std::size_t>(count));
    return true;
}

std::string RawClient::answer() {
    std::size_t head = buffered_.find("\r\n\r\n");
    while (head == std::string::npos) {
        if (!receive(kLimit)) return std::exchange(buffered_, {});
        head = buffered_.find("\r\n\r\n");
    }
    const std::size_t length = buffered_.find("Content-Length: ");
    const std::size_t body =
        length < head ? std::strtoull(buffered_.c_str() + length + 16, nullptr, 10) : 0;
    const std::size_t whole = head + 4 + body;
    while (buffered_.size() < whole && receive(kLimit)) {
    }
    std::string answer = buffered_.substr(0, whole);
    buffered_.erase(0, whole);
    return answer;
}

std::string RawClient::rest() {
    while (receive(kLimit)) {
    }
    return std::exchange(buffered_, {});
}

bool RawClient::is_closed_within(milliseconds time) {
    const auto end = steady_clock::now() + time;
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
        if (left.count() <= 0) return false;
        pollfd waited{socket_, POLLIN, 0};
        if (::poll(&waited, 1, static_cast<int>(left.count())) <= 0) continue;
        char buffer[65536];
        if (::recv(socket_, buffer, sizeof buffer, 0) <= 0) return true;
    }
}

std::string ask(int port, std::string_view request) {
    RawClient client(port);
    client.send(request);
    return client.answer();
}

std::string get_request(std::string_view path, std::string_view headers) {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) +
           "\r\n";
}

std::string body_of(const std::string& answer) {
    const std::size_t head = answer.find("\r\n\r\n");
    return head == std::string::npos ? "" : answer.substr(head + 4);
}

}  // namespace pilotlight::exporters

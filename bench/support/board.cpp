#include "bench/support/board.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>

namespace bench {
namespace {

/// Takes one whole request off the front of `input` and returns its answer; nothing while some of
/// it is missing.
std::optional<std::string> take_request(std::string& input, Board& board, std::size_t max_request) {
    const std::size_t head = input.find("\r\n\r\n");
    if (head == input.npos) return std::nullopt;
    std::size_t length = 0;
    for (const std::string_view name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
        const std::size_t at = input.find(name);
        if (at >= head) continue;
        length =
            number_at(std::string_view(input).substr(at + name.size()), max_request).value_or(0);
    }
    if (input.size() < head + 4 + length) return std::nullopt;
    const std::size_t path = input.find(' ') + 1;
    const std::size_t path_end = std::min(input.find(' ', path), head);
    std::string answer = board.answer(std::string_view(input).substr(path, path_end - path),
                                      std::string_view(input).substr(head + 4, length));
    input.erase(0, head + 4 + length);
    return answer;
}

int listen_on(std::uint16_t port) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        listen(listener, 4096) != 0) {
        std::perror("cannot listen");
        std::exit(2);
    }
    return listener;
}

void watch(int poller, int descriptor) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event);
}

void accept_all(int poller, int listener) {
    for (;;) {
        const int client = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client < 0) return;
        const int on = 1;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        watch(poller, client);
    }
}

/// Waits for whoever reads slowly: everybody here is a benchmark's own.
bool write_all(int client, std::string_view text) {
    while (!text.empty()) {
        const ssize_t sent = write(client, text.data(), text.size());
        if (sent >= 0) {
            text.remove_prefix(static_cast<std::size_t>(sent));
            continue;
        }
        if (errno != EAGAIN) return false;
        pollfd writable{.fd = client, .events = POLLOUT, .revents = 0};
        if (poll(&writable, 1, 1'000) != 1) return false;
    }
    return true;
}

/// False when the client has left or cannot be served.
bool serve_one(int client, std::string& input, Board& board, std::size_t max_request) {
    std::array<char, 65536> chunk;
    const ssize_t got = read(client, chunk.data(), chunk.size());
    if (got < 0) return errno == EAGAIN;
    if (got == 0 || input.size() > max_request) return false;
    input.append(chunk.data(), static_cast<std::size_t>(got));
    while (const auto answer = take_request(input, board, max_request)) {
        if (!write_all(client, *answer)) return false;
    }
    return true;
}

}  // namespace

std::string response(int status, std::string_view body, std::string_view type) {
    std::string text = "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: ";
    text.append(type).append("\r\nContent-Length: ");
    return text.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
}

std::optional<std::size_t> number_at(std::string_view text, std::size_t limit) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number >= limit) return std::nullopt;
    return number;
}

void serve(std::uint16_t port, Board& board, std::size_t max_request) {
    const int listener = listen_on(port);
    const int poller = epoll_create1(EPOLL_CLOEXEC);
    watch(poller, listener);
    std::unordered_map<int, std::string> inputs;
    std::array<epoll_event, 256> events;
    for (;;) {
        const int ready = epoll_wait(poller, events.data(), events.size(), -1);
        for (int i = 0; i < ready; ++i) {
            const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
            if (descriptor == listener) {
                accept_all(poller, listener);
            } else if (!serve_one(descriptor, inputs[descriptor], board, max_request)) {
                inputs.erase(descriptor);
                close(descriptor);
            }
        }
    }
}

}  // namespace bench

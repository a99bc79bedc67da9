// The other end of the benchmark: an HTTP server that costs next to nothing (one thread, epoll,
// answers made beforehand). It is the target that is probed, and the PagerDuty that is paged, so
// that both ends of a delay are stamped by one clock in one process.
//
//   GET  /target/N        200, or 503 while N fails
//   POST /v2/enqueue      202; a trigger that names bench-N is stamped
//   GET  /control/fail/N  N fails from now on       GET /control/heal/N  no more
//   GET  /control/count   how many targets' requests were answered
//   GET  /control/delays  a line "N NANOSECONDS" per failure that was paged: from the first 503
//                         to the page's arrival

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMaxTargets = 100'000;
constexpr std::size_t kMaxRequest = 1 << 20;

struct Target {
    bool fails = false;
    /// When the first 503 of this failure was sent.
    std::optional<Clock::time_point> failed_at;
};

/// The number that `text` begins with, if it is below the limit.
std::optional<std::size_t> number_at(std::string_view text, std::size_t limit = kMaxTargets) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number >= limit) return std::nullopt;
    return number;
}

std::string response(int status, std::string_view body) {
    std::string text = "HTTP/1.1 " + std::to_string(status) + " X\r\n";
    text += "Content-Type: application/json\r\nContent-Length: ";
    return text + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

class Board {
  public:
    std::string answer(std::string_view path, std::string_view body) {
        if (path.starts_with("/target/")) return probe(number_at(path.substr(8)));
        if (path == "/v2/enqueue") return page(body);
        if (path == "/control/count") return response(200, std::to_string(count_));
        if (path == "/control/delays") return response(200, delays_);
        if (path.starts_with("/control/fail/")) return set(path.substr(14), true);
        if (path.starts_with("/control/heal/")) return set(path.substr(14), false);
        return response(404, "");
    }

  private:
    const std::string& probe(std::optional<std::size_t> number) {
        if (!number) return bad_;
        ++count_;
        Target& target = targets_[*number];
        if (!target.fails) return good_;
        if (!target.failed_at) target.failed_at = Clock::now();
        return failing_;
    }

    std::string page(std::string_view body) {
        const auto now = Clock::now();
        const std::size_t name = body.find("bench-");
        const bool trigger = body.find("\"trigger\"") != body.npos;
        const auto number = name == body.npos ? std::nullopt : number_at(body.substr(name + 6));
        if (trigger && number && targets_[*number].failed_at) {
            const auto took = now - *targets_[*number].failed_at;
            targets_[*number].failed_at.reset();
            targets_[*number].fails = false;
            delays_ += std::to_string(*number) + ' ' +
                       std::to_string(std::chrono::nanoseconds(took).count()) + '\n';
        }
        return response(202, R"({"status":"success","message":"Event processed"})");
    }

    std::string set(std::string_view text, bool fails) {
        const auto number = number_at(text);
        if (!number) return bad_;
        targets_[*number] = Target{.fails = fails, .failed_at = std::nullopt};
        return response(200, "");
    }

    std::vector<Target> targets_{kMaxTargets};
    std::uint64_t count_ = 0;
    std::string delays_;
    const std::string good_ = response(200, R"({"status": "ok", "database": "ok"})");
    const std::string failing_ = response(503, R"({"status": "down"})");
    const std::string bad_ = response(404, "");
};

/// Takes one whole request off the front of `input` and returns its answer; nothing while some of
/// it is missing. Requests are those of the two monitors and the driver: no chunked bodies.
std::optional<std::string> take_request(std::string& input, Board& board) {
    const std::size_t head = input.find("\r\n\r\n");
    if (head == input.npos) return std::nullopt;
    std::size_t length = 0;
    for (const std::string_view name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
        const std::size_t at = input.find(name);
        if (at >= head) continue;
        length =
            number_at(std::string_view(input).substr(at + name.size()), kMaxRequest).value_or(0);
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
        std::perror("target_server: cannot listen");
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

/// False when the client has left or cannot be served.
bool serve(int client, std::string& input, Board& board) {
    std::array<char, 16384> chunk;
    const ssize_t got = read(client, chunk.data(), chunk.size());
    if (got < 0) return errno == EAGAIN;
    if (got == 0 || input.size() > kMaxRequest) return false;
    input.append(chunk.data(), static_cast<std::size_t>(got));
    while (const auto answer = take_request(input, board)) {
        if (write(client, answer->data(), answer->size()) != static_cast<ssize_t>(answer->size())) {
            return false;
        }
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: bench_target_server PORT\n";
        return 2;
    }
    const int listener = listen_on(static_cast<std::uint16_t>(std::atoi(argv[1])));
    const int poller = epoll_create1(EPOLL_CLOEXEC);
    watch(poller, listener);
    Board board;
    std::unordered_map<int, std::string> inputs;
    std::array<epoll_event, 256> events;
    for (;;) {
        const int ready = epoll_wait(poller, events.data(), events.size(), -1);
        for (int i = 0; i < ready; ++i) {
            const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
            if (descriptor == listener) {
                accept_all(poller, listener);
            } else if (!serve(descriptor, inputs[descriptor], board)) {
                inputs.erase(descriptor);
                close(descriptor);
            }
        }
    }
}

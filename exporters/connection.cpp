#include "exporters/connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

namespace pilotlight::exporters {
namespace {

bool wait_for(int descriptor, short events, SteadyTime deadline) {
    using std::chrono::milliseconds;
    for (;;) {
        int timeout = -1;
        if (deadline != SteadyTime::max()) {
            const auto left = std::chrono::ceil<milliseconds>(deadline - steady_now()).count();
            timeout = static_cast<int>(std::clamp<long long>(left, 0, 3'600'000));
        }
        pollfd waited{descriptor, events, 0};
        const int ready = ::poll(&waited, 1, timeout);
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
        if (ready == 0 && steady_now() >= deadline) return false;
    }
}

struct Peer {
    std::string address;
    int port = 0;
};

Peer peer_of(int descriptor) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (storage.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
        ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
        return {text.data(), ntohs(v4.sin_port)};
    }
    if (storage.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
        ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
        return {text.data(), ntohs(v6.sin6_port)};
    }
    return {};
}

}  // namespace

Connection::Connection(int descriptor) : descriptor_(descriptor) {
    ::fcntl(descriptor_, F_SETFD, FD_CLOEXEC);
    ::fcntl(descriptor_, F_SETFL, ::fcntl(descriptor_, F_GETFL) | O_NONBLOCK);
    // Without it each answer on a kept connection waits 40 ms for the client's delayed ACK.
    const int yes = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

Connection::~Connection() {
    ::close(descriptor_);
}

bool Connection::wait_readable(SteadyTime deadline) const {
    if (channel_ != nullptr && channel_->has_pending()) return true;
    return wait_for(descriptor_, POLLIN, deadline);
}

bool Connection::wait_writable(SteadyTime deadline) const {
    return wait_for(descriptor_, POLLOUT, deadline);
}

bool Connection::wait_step(SecureChannel::Step step, SteadyTime deadline) const {
    if (step == SecureChannel::Step::failed || steady_now() >= deadline) return false;
    return wait_for(descriptor_, step == SecureChannel::Step::wants_read ? POLLIN : POLLOUT,
                    deadline);
}

long Connection::read_channel(char* to, std::size_t size) {
    for (;;) {
        std::size_t count = 0;
        const SecureChannel::Step step = channel_->read(to, size, count);
        if (step == SecureChannel::Step::done) return static_cast<long>(count);
        if (!wait_step(step, read_deadline_)) return -1;
    }
}

long Connection::write_channel(const char* from, std::size_t size) {
    for (;;) {
        std::size_t count = 0;
        const SecureChannel::Step step = channel_->write(from, size, count);
        if (step == SecureChannel::Step::done) return static_cast<long>(count);
        if (!wait_step(step, write_deadline_)) return -1;
    }
}

long Connection::read(char* to, std::size_t size) {
    if (channel_ != nullptr) return read_channel(to, size);
    while (wait_readable(read_deadline_) && steady_now() < read_deadline_) {
        const ssize_t count = ::recv(descriptor_, to, size, 0);
        if (count >= 0) return count;
        if (errno != EINTR && errno != EAGAIN) return -1;
    }
    return -1;
}

long Connection::write(const char* from, std::size_t size) {
    if (channel_ != nullptr) return write_channel(from, size);
    while (wait_writable(write_deadline_) && steady_now() < write_deadline_) {
        const ssize_t count = ::send(descriptor_, from, size, MSG_NOSIGNAL);
        if (count >= 0) return count;
        if (errno != EINTR && errno != EAGAIN) return -1;
    }
    return -1;
}

void Connection::drain() {
    // What a client goes on to send of a body that was refused: closed before that, it would see a
    // reset and not the answer.
    constexpr auto kMoment = std::chrono::milliseconds(500);
    constexpr std::size_t kMuch = std::size_t{16} << 20;
    if (channel_ != nullptr) channel_->close();
    // What still comes is not worth deciphering.
    channel_.reset();
    ::shutdown(descriptor_, SHUT_WR);
    std::array<char, 4096> ignored;
    std::size_t total = 0;
    read_until(steady_now() + kMoment);
    while (total < kMuch) {
        const long count = read(ignored.data(), ignored.size());
        if (count <= 0) return;
        total += static_cast<std::size_t>(count);
    }
}

void Connection::shut_down() {
    ::shutdown(descriptor_, SHUT_RDWR);
}

std::string Connection::peer_address() const {
    return peer_of(descriptor_).address;
}

int Connection::peer_port() const {
    return peer_of(descriptor_).port;
}

}  // namespace pilotlight::exporters

#include "tests/support/datagram_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <stdexcept>
#include <thread>
#include <utility>

namespace pilotlight::testing {

struct DatagramServer::State {
    explicit State(Answer given) : answer(std::move(given)) {
        socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* raw = reinterpret_cast<sockaddr*>(&address);
        if (socket < 0 || ::bind(socket, raw, size) != 0 ||
            ::getsockname(socket, raw, &size) != 0) {
            throw std::runtime_error("datagram server: no socket");
        }
        port = ntohs(address.sin_port);
        thread = std::thread([this] { serve(); });
    }

    void serve() {
        std::array<char, 65'536> buffer;
        while (!stopping) {
            pollfd waiting{socket, POLLIN, 0};
            if (::poll(&waiting, 1, 20) <= 0) continue;
            sockaddr_in from{};
            socklen_t size = sizeof from;
            auto* raw = reinterpret_cast<sockaddr*>(&from);
            const ssize_t got = ::recvfrom(socket, buffer.data(), buffer.size(), 0, raw, &size);
            if (got < 0) continue;
            const std::string_view datagram(buffer.data(), static_cast<std::size_t>(got));
            for (const std::string& reply : answer(datagram, received++))
                ::sendto(socket, reply.data(), reply.size(), 0, raw, size);
        }
    }

    Answer answer;
    int socket = -1;
    std::uint16_t port = 0;
    std::atomic<int> received = 0;
    std::atomic<bool> stopping = false;
    std::thread thread;
};

DatagramServer::DatagramServer(Answer answer)
    : state_(std::make_unique<State>(std::move(answer))) {}

DatagramServer::~DatagramServer() {
    state_->stopping = true;
    state_->thread.join();
    ::close(state_->socket);
}

std::string DatagramServer::address() const {
    return "127.0.0.1:" + std::to_string(state_->port);
}

int DatagramServer::received() const {
    return state_->received;
}

}  // namespace pilotlight::testing

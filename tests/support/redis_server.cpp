#include "tests/support/redis_server.h"

namespace pilotlight::testing {
namespace {

std::vector<std::string> command_line(const std::string& folder, std::uint16_t port,
                                      std::vector<std::string> arguments) {
    std::vector<std::string> command{"/usr/bin/redis-server",
                                     "--port",
                                     std::to_string(port),
                                     "--bind",
                                     "127.0.0.1",
                                     "--save",
                                     "",
                                     "--dir",
                                     folder};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
}

}  // namespace

RedisServer::RedisServer(std::vector<std::string> arguments)
    : process_(command_line(folder_.path().string(), port_, std::move(arguments)),
               {.log = folder_.path() / "log"}) {
    wait_until("redis-server", std::chrono::seconds(60),
               [this] { return accepts_connections(port_); });
}

}  // namespace pilotlight::testing

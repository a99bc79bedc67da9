#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace pilotlight::testing {

/// A real redis-server on a free port of loopback, nothing kept on disk. Up when constructed.
class RedisServer {
  public:
    /// More of redis-server's arguments: `{"--requirepass", "..."}`.
    explicit RedisServer(std::vector<std::string> arguments = {});

    [[nodiscard]] std::uint16_t port() const { return port_; }

  private:
    TemporaryFolder folder_;
    std::uint16_t port_ = free_port();
    ChildProcess process_;
};

}  // namespace pilotlight::testing

#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace pilotlight::testing {

/// A program that a test starts, stopped by its id at the end; it also ends when the test dies.
class ChildProcess {
  public:
    struct Options {
        /// Whom to run it as, where the test is root; "" for nobody else.
        std::string user{};
        /// Where its output goes.
        std::filesystem::path log{};
        /// `NAME=value`, added to the test's own.
        std::vector<std::string> environment{};
    };

    /// `command` with its full path and its arguments. Throws when it cannot be started.
    ChildProcess(std::vector<std::string> command, Options options);
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    ~ChildProcess();

    /// Asks it to end (`signal`), and after some time makes it. Its exit status, or -1 if it did
    /// not end by itself.
    int stop(int signal);
    /// Waits until it ends by itself; its exit status. Throws after `limit`.
    int wait(std::chrono::milliseconds limit);
    [[nodiscard]] bool is_running();

  private:
    bool reap();

    pid_t pid_ = -1;
    int status_ = -1;
};

/// Gives `user` a folder and all that is in it, where the test is root.
void give_to_user(const std::filesystem::path& folder, const std::string& user);

/// Asks again and again until `condition` holds. Throws `what` after `limit`.
void wait_until(const std::string& what, std::chrono::milliseconds limit,
                const std::function<bool()>& condition);

/// A port of loopback that was free a moment ago.
[[nodiscard]] std::uint16_t free_port();

/// Whether something listens there.
[[nodiscard]] bool accepts_connections(std::uint16_t port);

}  // namespace pilotlight::testing

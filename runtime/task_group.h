#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pilotlight::runtime {

/// Coroutines with a name and an owner who joins them. The owner declares it after the fields that
/// its tasks use. Thread: its executor's only, one loop.
class TaskGroup {
  public:
    explicit TaskGroup(boost::asio::any_io_executor executor);
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;
    /// Every task must have ended: cancel_and_join() first.
    ~TaskGroup();

    /// Starts `task`, which is kept alive as long as its coroutine runs. What escapes from it is
    /// logged with its name; a cancellation is no news. Refused (false) after cancel().
    bool spawn(std::string name, std::function<boost::asio::awaitable<void>()> task);

    /// Asks every task to end; no new one is taken.
    void cancel();
    /// Waits until none is left. May be called by any coroutine of the loop but a task of its own.
    [[nodiscard]] boost::asio::awaitable<void> join();
    [[nodiscard]] boost::asio::awaitable<void> cancel_and_join();

    [[nodiscard]] std::size_t size() const;
    /// Names of those that run: what a watchdog says.
    [[nodiscard]] std::vector<std::string> running() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace pilotlight::runtime

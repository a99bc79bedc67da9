#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "core/time.h"

namespace pilotlight::runtime {

/// One event loop and its one thread. Everything that is owned by a loop is touched on it only.
class Loop {
  public:
    /// `name` is the thread's, at most 15 characters.
    explicit Loop(std::string name);
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    /// Stops and joins.
    ~Loop();

    void start();
    /// Ends the loop after the handler that runs now. Owners cancel and join their tasks before.
    /// Thread: any.
    void stop();
    /// Thread: any but the loop's.
    void join();

    [[nodiscard]] boost::asio::any_io_executor executor();
    /// Runs `function` on the loop, later, in the order of the posts. Thread: any.
    void post(std::function<void()> function);
    /// Whether the caller is on the loop's thread.
    [[nodiscard]] bool is_current() const;

    /// Runs `function` on the loop and waits: its value, or nothing if it has not run within
    /// `limit` (it may still run later, so it must own what it touches). A void function gives a
    /// bool. Called on the loop itself it runs at once. Thread: any.
    template <class F>
    auto ask(F function, Duration limit) {
        using Value = std::invoke_result_t<F&>;
        if constexpr (std::is_void_v<Value>) {
            const auto answer =
                ask([f = std::move(function)]() mutable { return f(), true; }, limit);
            return answer.has_value();
        } else {
            if (is_current()) return std::optional<Value>(function());
            auto task = std::make_shared<std::packaged_task<Value()>>(std::move(function));
            std::future<Value> future = task->get_future();
            post([task] { (*task)(); });
            if (future.wait_for(limit) != std::future_status::ready) return std::optional<Value>();
            return std::optional<Value>(future.get());
        }
    }

    /// How late a periodic tick came, the worst since this was last asked: 0 on an idle loop, the
    /// length of the longest handler on a busy one. Thread: any.
    [[nodiscard]] std::chrono::nanoseconds worst_lag();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace pilotlight::runtime

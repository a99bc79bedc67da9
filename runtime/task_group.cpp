#include "runtime/task_group.h"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdint>
#include <map>
#include <utility>

#include "core/check.h"
#include "runtime/wait.h"

namespace asio = boost::asio;

namespace pilotlight::runtime {

struct TaskGroup::State : std::enable_shared_from_this<TaskGroup::State> {
    struct Task {
        std::string name;
        asio::cancellation_signal signal;
    };

    explicit State(asio::any_io_executor loop) : executor(std::move(loop)), ended(executor) {
        ended.expires_at(asio::steady_timer::time_point::max());
    }

    void on_end(std::uint64_t id, const std::exception_ptr& escaped) {
        const auto task = tasks.find(id);
        if (escaped) log_escaped(task->second.name, escaped);
        tasks.erase(task);
        if (tasks.empty()) ended.cancel();
    }

    static void log_escaped(const std::string& name, const std::exception_ptr& escaped) {
        try {
            std::rethrow_exception(escaped);
        } catch (const std::exception& error) {
            if (!is_cancellation()) spdlog::error("task '{}' ended by: {}", name, error.what());
        } catch (...) {
            spdlog::error("task '{}' ended by something that is no std::exception", name);
        }
    }

    asio::any_io_executor executor;
    asio::steady_timer ended;
    std::map<std::uint64_t, Task> tasks;
    std::uint64_t next_id = 0;
    bool refusing = false;
};

TaskGroup::TaskGroup(asio::any_io_executor executor)
    : state_(std::make_shared<State>(std::move(executor))) {}

TaskGroup::~TaskGroup() {
    PILOT_CHECK(state_->tasks.empty());
}

bool TaskGroup::spawn(std::string name, std::function<asio::awaitable<void>()> task) {
    if (state_->refusing) return false;
    const std::uint64_t id = state_->next_id++;
    State::Task& entry = state_->tasks[id];
    entry.name = std::move(name);
    auto on_end = [state = state_, id](const std::exception_ptr& escaped) {
        state->on_end(id, escaped);
    };
    // The callable itself is passed, not its result: co_spawn keeps its captures alive.
    asio::co_spawn(state_->executor, std::move(task),
                   asio::bind_cancellation_slot(entry.signal.slot(), std::move(on_end)));
    return true;
}

void TaskGroup::cancel() {
    state_->refusing = true;
    std::vector<std::uint64_t> ids;
    ids.reserve(state_->tasks.size());
    for (const auto& [id, task] : state_->tasks)
        ids.push_back(id);
    for (const std::uint64_t id : ids) {
        const auto task = state_->tasks.find(id);
        if (task != state_->tasks.end())
            task->second.signal.emit(asio::cancellation_type::terminal);
    }
}

asio::awaitable<void> TaskGroup::join() {
    const std::shared_ptr<State> state = state_;
    while (!state->tasks.empty()) {
        co_await state->ended.async_wait(asio::as_tuple(asio::use_awaitable));
        const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != asio::cancellation_type::none) throw_cancelled();
    }
}

asio::awaitable<void> TaskGroup::cancel_and_join() {
    cancel();
    co_await join();
}

std::size_t TaskGroup::size() const {
    return state_->tasks.size();
}

std::vector<std::string> TaskGroup::running() const {
    std::vector<std::string> names;
    for (const auto& [id, task] : state_->tasks)
        names.push_back(task.name);
    return names;
}

}  // namespace pilotlight::runtime

#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/error.h"
#include "runtime/deadline.h"

namespace pilotlight::runtime {

/// Spare threads for calls that may hang (statvfs of a dead mount, PQconnectStart): made on demand,
/// up to a limit. A call that hangs keeps its thread; nobody waits for it beyond the deadline, not
/// even the destructor. Thread: any.
class BlockingPool {
  public:
    struct Options {
        std::size_t max_threads = 16;
        /// Calls waiting for a thread; beyond it they are refused.
        std::size_t max_queue = 1'000;
    };

    BlockingPool();
    explicit BlockingPool(Options options);
    BlockingPool(const BlockingPool&) = delete;
    BlockingPool& operator=(const BlockingPool&) = delete;
    /// Waits for idle threads; those that hang are left behind and touch nothing of ours.
    ~BlockingPool();

    enum class Ended { done, late, refused };

    /// Runs `job` on a spare thread and resumes on the caller's loop. `late`: not done by the
    /// deadline; it may still run, so what it touches must belong to it. A job that has not begun
    /// by then never begins. `job` must not throw.
    [[nodiscard]] boost::asio::awaitable<Ended> run(std::function<void()> job, Deadline deadline);

    /// Threads that are inside a job now: how many hang, when nothing is asked.
    [[nodiscard]] std::size_t busy() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

/// What `call` returns, from a spare thread. Fails when it is not done by `deadline` (its result is
/// then dropped), when too many calls wait, or when it throws. `call` owns all it touches: it may
/// outlive the caller.
template <class T>
[[nodiscard]] boost::asio::awaitable<Result<T>> run_blocking(BlockingPool& pool, Deadline deadline,
                                                             std::function<Result<T>()> call) {
    auto slot = std::make_shared<std::optional<Result<T>>>();
    std::function<void()> job = [slot, call = std::move(call)] {
        try {
            slot->emplace(call());
        } catch (const std::exception& error) {
            slot->emplace(fail(std::string("a blocking call threw: ") + error.what()));
        }
    };
    const BlockingPool::Ended ended = co_await pool.run(std::move(job), deadline);
    if (ended == BlockingPool::Ended::late) co_return fail("not done by its deadline");
    if (ended == BlockingPool::Ended::refused) co_return fail("too many blocking calls wait");
    co_return std::move(**slot);
}

}  // namespace pilotlight::runtime

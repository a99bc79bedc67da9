#pragma once

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "runtime/blocking.h"

namespace pilotlight::probes {

/// Why a call on a spare thread gave nothing.
enum class NoAnswer {
    /// The last call is still at it: no second one was made.
    still_busy,
    /// It began and had not ended by the deadline; it goes on alone.
    late,
    /// Our own spare threads are all taken: says nothing of what was to be called.
    not_begun,
};

/// Makes a call that may hang (a disk that is gone) one at a time, so that it can cost one spare
/// thread and never two. Thread: run() on one loop; calls that are left behind may end any time.
class SingleFlight {
  public:
    /// What `call` returns, from a spare thread. `call` owns all it touches and does not throw.
    template <class T>
    [[nodiscard]] boost::asio::awaitable<std::expected<T, NoAnswer>> run(
        runtime::BlockingPool& pool, runtime::Deadline deadline, std::function<T()> call) {
        if (busy_->exchange(true)) co_return std::unexpected(NoAnswer::still_busy);
        struct Shared {
            std::optional<T> value;
            std::atomic<bool> begun = false;
        };
        auto shared = std::make_shared<Shared>();
        auto flag = std::make_shared<Release>(busy_);
        std::function<void()> job = [shared, flag = std::move(flag), call = std::move(call)] {
            shared->begun = true;
            shared->value.emplace(call());
            flag->now();
        };
        using Ended = runtime::BlockingPool::Ended;
        const Ended ended = co_await pool.run(std::move(job), deadline);
        if (ended == Ended::done) co_return std::move(*shared->value);
        const bool begun = ended == Ended::late && shared->begun;
        co_return std::unexpected(begun ? NoAnswer::late : NoAnswer::not_begun);
    }

  private:
    /// Also when the job is dropped before it began.
    class Release {
      public:
        explicit Release(std::shared_ptr<std::atomic<bool>> busy) : busy_(std::move(busy)) {}
        Release(const Release&) = delete;
        Release& operator=(const Release&) = delete;
        ~Release() { now(); }
        void now() {
            if (busy_ != nullptr) busy_->store(false);
            busy_ = nullptr;
        }

      private:
        std::shared_ptr<std::atomic<bool>> busy_;
    };

    std::shared_ptr<std::atomic<bool>> busy_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace pilotlight::probes

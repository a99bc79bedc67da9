#include "runtime/blocking.h"

#include <pthread.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

#include "runtime/wait.h"

namespace asio = boost::asio;

namespace pilotlight::runtime {

namespace {

constexpr auto kIdleLife = std::chrono::seconds(30);
constexpr auto kFarewell = std::chrono::seconds(2);

/// One job and the coroutine that waits for it, shared by the two threads.
struct Call {
    std::function<void()> job;
    asio::any_io_executor executor;

    std::mutex mutex;
    bool finished = false;   // under mutex
    bool abandoned = false;  // under mutex

    /// The waiter's timer while it waits; touched on its loop only.
    asio::steady_timer* timer = nullptr;
};

/// Also when the frame is destroyed unfinished: nothing may be posted to a loop that is gone.
class Waiting {
  public:
    explicit Waiting(std::shared_ptr<Call> call) : call_(std::move(call)) {}
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() {
        call_->timer = nullptr;
        const std::scoped_lock lock(call_->mutex);
        call_->abandoned = true;
    }

  private:
    std::shared_ptr<Call> call_;
};

bool is_abandoned(Call& call) {
    const std::scoped_lock lock(call.mutex);
    return call.abandoned;
}

void finish(const std::shared_ptr<Call>& call) {
    const std::scoped_lock lock(call->mutex);
    call->finished = true;
    if (call->abandoned) return;
    asio::post(call->executor, [call] {
        if (call->timer != nullptr) call->timer->cancel();
    });
}

}  // namespace

struct BlockingPool::State {
    explicit State(Options chosen) : options(chosen) {}

    Options options;
    mutable std::mutex mutex;
    std::condition_variable wake;
    std::condition_variable left;
    std::deque<std::shared_ptr<Call>> queue;
    std::size_t threads = 0;
    std::size_t idle = 0;
    bool stopping = false;

    static void work(const std::shared_ptr<State>& state) {
        std::unique_lock lock(state->mutex);
        while (true) {
            ++state->idle;
            state->wake.wait_for(lock, kIdleLife,
                                 [&] { return state->stopping || !state->queue.empty(); });
            --state->idle;
            if (state->stopping || state->queue.empty()) break;
            std::shared_ptr<Call> call = std::move(state->queue.front());
            state->queue.pop_front();
            lock.unlock();
            if (!is_abandoned(*call)) {
                call->job();
                finish(call);
            }
            call.reset();
            lock.lock();
        }
        --state->threads;
        state->left.notify_all();
    }

    bool push(const std::shared_ptr<State>& self, std::shared_ptr<Call> call) {
        const std::scoped_lock lock(mutex);
        if (stopping || queue.size() >= options.max_queue) return false;
        if (idle <= queue.size() && threads < options.max_threads && !start_thread(self)) {
            if (threads == 0) return false;
        }
        queue.push_back(std::move(call));
        wake.notify_one();
        return true;
    }

    bool start_thread(const std::shared_ptr<State>& self) {
        try {
            std::thread thread([self] { work(self); });
            ::pthread_setname_np(thread.native_handle(), "pl-blocking");
            // Detached, since a hung call can't be joined; it holds only what is shared with it.
            thread.detach();
        } catch (const std::system_error&) {
            return false;
        }
        ++threads;
        return true;
    }
};

BlockingPool::BlockingPool() : BlockingPool(Options()) {}
BlockingPool::BlockingPool(Options options) : state_(std::make_shared<State>(options)) {}

BlockingPool::~BlockingPool() {
    std::unique_lock lock(state_->mutex);
    state_->stopping = true;
    state_->wake.notify_all();
    state_->left.wait_for(lock, kFarewell, [&] { return state_->idle == 0; });
}

asio::awaitable<BlockingPool::Ended> BlockingPool::run(std::function<void()> job,
                                                       Deadline deadline) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    auto call = std::make_shared<Call>();
    call->job = std::move(job);
    call->executor = executor;
    asio::steady_timer timer(executor, deadline.at);
    call->timer = &timer;
    const Waiting waiting(call);
    if (!state_->push(state_, call)) co_return Ended::refused;
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) throw_cancelled();
    const std::scoped_lock lock(call->mutex);
    co_return call->finished ? Ended::done : Ended::late;
}

std::size_t BlockingPool::busy() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->threads - state_->idle;
}

}  // namespace pilotlight::runtime

#include "runtime/loop.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <thread>

#include "core/check.h"

namespace asio = boost::asio;

namespace pilotlight::runtime {

namespace {

constexpr auto kTick = std::chrono::milliseconds(200);

}  // namespace

struct Loop::State {
    explicit State(std::string thread_name) : name(std::move(thread_name)) {}

    /// First, so that pending handlers are destroyed last of all.
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    std::string name;
    asio::steady_timer tick{context};
    std::atomic<std::int64_t> worst_lag_ns = 0;
    std::atomic<std::thread::id> thread_id;
    std::thread thread;

    void run() {
        thread_id = std::this_thread::get_id();
        ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
        arm_tick(steady_now() + kTick);
        while (true) {
            try {
                context.run();
                return;
            } catch (const std::exception& error) {
                // A handler's bug must not end the loop that pages people.
                spdlog::error("loop '{}': a handler threw: {}", name, error.what());
            }
        }
    }

    void arm_tick(SteadyTime due) {
        tick.expires_at(due);
        tick.async_wait([this, due](const boost::system::error_code& error) {
            if (error) return;
            const SteadyTime now = steady_now();
            note_lag(now - due);
            arm_tick(now + kTick);
        });
    }

    void note_lag(std::chrono::nanoseconds lag) {
        std::int64_t worst = worst_lag_ns.load(std::memory_order_relaxed);
        while (lag.count() > worst && !worst_lag_ns.compare_exchange_weak(worst, lag.count())) {
        }
    }
};

Loop::Loop(std::string name) : state_(std::make_unique<State>(std::move(name))) {}

Loop::~Loop() {
    stop();
    join();
}

void Loop::start() {
    PILOT_CHECK(!state_->thread.joinable());
    state_->thread = std::thread([state = state_.get()] { state->run(); });
}

void Loop::stop() {
    state_->context.stop();
}

void Loop::join() {
    if (!state_->thread.joinable()) return;
    PILOT_CHECK(!is_current());
    state_->thread.join();
}

asio::any_io_executor Loop::executor() {
    return state_->context.get_executor();
}

void Loop::post(std::function<void()> function) {
    asio::post(state_->context, std::move(function));
}

bool Loop::is_current() const {
    return state_->thread_id.load() == std::this_thread::get_id();
}

std::chrono::nanoseconds Loop::worst_lag() {
    return std::chrono::nanoseconds(state_->worst_lag_ns.exchange(0));
}

}  // namespace pilotlight::runtime

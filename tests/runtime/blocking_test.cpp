#include "runtime/blocking.h"

#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "runtime/task_group.h"
#include "runtime/wait.h"
#include "tests/support/run_coroutine_test.h"

namespace asio = boost::asio;
using namespace pilotlight;
using namespace pilotlight::runtime;
using pilotlight::testing::run_coroutine_test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// What a hung mount does, until it is opened.
struct Gate {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = false;
    int waiting = 0;

    void pass() {
        std::unique_lock lock(mutex);
        ++waiting;
        changed.wait(lock, [&] { return open; });
        --waiting;
    }
    void open_now() {
        const std::scoped_lock lock(mutex);
        open = true;
        changed.notify_all();
    }
};

std::function<Result<int>()> hang_at(std::shared_ptr<Gate> gate) {
    return [gate = std::move(gate)]() -> Result<int> {
        gate->pass();
        return 1;
    };
}

std::function<Result<int>()> give(int value) {
    return [value]() -> Result<int> { return value; };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(blocking)

BOOST_AUTO_TEST_CASE(gives_the_result_on_the_callers_thread) {
    run_coroutine_test([](Services& services) -> asio::awaitable<void> {
        const auto loop_thread = std::this_thread::get_id();
        std::function<Result<std::thread::id>()> call = []() -> Result<std::thread::id> {
            return std::this_thread::get_id();
        };
        const auto result =
            co_await run_blocking(services.blocking(), Deadline::in(seconds(10)), std::move(call));
        BOOST_REQUIRE(result.has_value());
        BOOST_TEST((*result != loop_thread));
        BOOST_TEST((std::this_thread::get_id() == loop_thread));
    });
}

BOOST_AUTO_TEST_CASE(errors_and_exceptions_become_results) {
    run_coroutine_test([](Services& services) -> asio::awaitable<void> {
        std::function<Result<int>()> failing = []() -> Result<int> { return fail("no disk"); };
        const auto failed = co_await run_blocking(services.blocking(), Deadline::in(seconds(10)),
                                                  std::move(failing));
        BOOST_TEST(failed.error().message == "no disk");
        std::function<Result<int>()> throwing = []() -> Result<int> {
            throw std::runtime_error("thrown");
        };
        const auto threw = co_await run_blocking(services.blocking(), Deadline::in(seconds(10)),
                                                 std::move(throwing));
        BOOST_TEST(threw.error().message.contains("thrown"));
    });
}

BOOST_AUTO_TEST_CASE(hung_calls_are_left_behind_and_others_go_on) {
    auto gate = std::make_shared<Gate>();
    BlockingPool pool({.max_threads = 3, .max_queue = 10});
    run_coroutine_test([&](Services&) -> asio::awaitable<void> {
        for (int i = 0; i < 2; ++i) {
            auto call = hang_at(gate);
            const auto hung =
                co_await run_blocking(pool, Deadline::in(milliseconds(30)), std::move(call));
            BOOST_TEST(!hung.has_value());
        }
        BOOST_TEST(pool.busy() == 2U);
        auto call = give(7);
        const auto result = co_await run_blocking(pool, Deadline::in(seconds(10)), std::move(call));
        BOOST_TEST(result.value() == 7);
    });
    gate->open_now();
}

BOOST_AUTO_TEST_CASE(with_every_thread_hung_callers_still_hear_by_their_deadline) {
    auto gate = std::make_shared<Gate>();
    BlockingPool pool({.max_threads = 1, .max_queue = 1});
    run_coroutine_test([&](Services& services) -> asio::awaitable<void> {
        auto first = hang_at(gate);
        co_await run_blocking(pool, Deadline::in(milliseconds(30)), std::move(first));
        TaskGroup group(services.executor());
        group.spawn("queued", [&pool]() -> asio::awaitable<void> {
            auto call = give(1);
            const auto late =
                co_await run_blocking(pool, Deadline::in(milliseconds(50)), std::move(call));
            BOOST_TEST(late.error().message.contains("deadline"));
        });
        co_await sleep_for(milliseconds(5));
        auto third = give(1);
        const auto refused =
            co_await run_blocking(pool, Deadline::in(seconds(10)), std::move(third));
        BOOST_TEST(refused.error().message.contains("too many"));
        co_await group.join();
    });
    gate->open_now();
}

BOOST_AUTO_TEST_CASE(the_pool_can_go_while_a_call_hangs) {
    auto gate = std::make_shared<Gate>();
    const SteadyTime began = steady_now();
    {
        BlockingPool pool;
        run_coroutine_test([&](Services&) -> asio::awaitable<void> {
            auto call = hang_at(gate);
            co_await run_blocking(pool, Deadline::in(milliseconds(10)), std::move(call));
        });
    }
    BOOST_TEST((steady_now() - began < seconds(5)));
    // The call ends after the loop and the pool are gone: nothing of theirs may be touched.
    gate->open_now();
    const SteadyTime limit = steady_now() + seconds(10);
    while (gate.use_count() > 1 && steady_now() < limit)
        std::this_thread::yield();
    BOOST_TEST(gate.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(a_cancelled_caller_does_not_wait) {
    auto gate = std::make_shared<Gate>();
    run_coroutine_test([&](Services& services) -> asio::awaitable<void> {
        TaskGroup group(services.executor());
        group.spawn("waiter", [&]() -> asio::awaitable<void> {
            auto call = hang_at(gate);
            co_await run_blocking(services.blocking(), Deadline::in(seconds(60)), std::move(call));
            BOOST_ERROR("went on");
        });
        co_await sleep_for(milliseconds(5));
        co_await group.cancel_and_join();
    });
    gate->open_now();
}

BOOST_AUTO_TEST_SUITE_END()

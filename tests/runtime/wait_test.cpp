#include "runtime/wait.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <stdexcept>

#include "runtime/task_group.h"
#include "tests/support/run_coroutine_test.h"

namespace asio = boost::asio;
using namespace pilotlight;
using namespace pilotlight::runtime;
using pilotlight::testing::run_coroutine_test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

asio::awaitable<int> answer_after(milliseconds time) {
    co_await sleep_for(time);
    co_return 42;
}

asio::awaitable<int> throw_after(milliseconds time) {
    co_await sleep_for(time);
    throw std::runtime_error("broken");
}

asio::awaitable<void> note_end(std::shared_ptr<bool> ended) {
    struct Noting {
        std::shared_ptr<bool> ended;
        ~Noting() { *ended = true; }
    };
    const Noting noting{ended};
    co_await sleep_for(seconds(60));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(wait)

BOOST_AUTO_TEST_CASE(what_ends_in_time_gives_its_value) {
    run_coroutine_test([](Services&) -> asio::awaitable<void> {
        auto operation = answer_after(milliseconds(5));
        const auto result = co_await with_deadline(std::move(operation), Deadline::in(seconds(10)));
        BOOST_TEST((result == 42));
    });
}

BOOST_AUTO_TEST_CASE(what_is_late_gives_nothing_at_the_deadline) {
    run_coroutine_test([](Services&) -> asio::awaitable<void> {
        const SteadyTime began = steady_now();
        auto operation = answer_after(seconds(60));
        const auto result =
            co_await with_deadline(std::move(operation), Deadline::in(milliseconds(30)));
        BOOST_TEST(!result.has_value());
        BOOST_TEST((steady_now() - began < seconds(5)));
    });
}

BOOST_AUTO_TEST_CASE(a_failure_is_passed_on_at_once) {
    run_coroutine_test([](Services&) -> asio::awaitable<void> {
        const SteadyTime began = steady_now();
        bool thrown = false;
        try {
            auto operation = throw_after(milliseconds(5));
            co_await with_deadline(std::move(operation), Deadline::in(seconds(60)));
        } catch (const std::runtime_error& error) {
            thrown = std::string(error.what()) == "broken";
        }
        BOOST_TEST(thrown);
        BOOST_TEST((steady_now() - began < seconds(10)));
    });
}

BOOST_AUTO_TEST_CASE(a_late_operation_is_ended_before_the_answer) {
    run_coroutine_test([](Services&) -> asio::awaitable<void> {
        auto ended = std::make_shared<bool>(false);
        auto operation = note_end(ended);
        const bool in_time =
            co_await with_deadline(std::move(operation), Deadline::in(milliseconds(10)));
        BOOST_TEST(!in_time);
        BOOST_TEST(*ended);
    });
}

BOOST_AUTO_TEST_CASE(a_group_joins_what_it_cancelled) {
    run_coroutine_test([](Services& services) -> asio::awaitable<void> {
        auto ended = std::make_shared<bool>(false);
        TaskGroup group(services.executor());
        BOOST_TEST(group.spawn("sleeper", [ended] { return note_end(ended); }));
        BOOST_TEST(group.size() == 1U);
        BOOST_TEST(group.running().at(0) == "sleeper");
        co_await sleep_for(milliseconds(1));
        co_await group.cancel_and_join();
        BOOST_TEST(*ended);
        BOOST_TEST(group.size() == 0U);
        BOOST_TEST(!group.spawn("late", [ended] { return note_end(ended); }));
    });
}

BOOST_AUTO_TEST_CASE(a_group_outlives_tasks_that_throw) {
    run_coroutine_test([](Services& services) -> asio::awaitable<void> {
        TaskGroup group(services.executor());
        group.spawn("thrower",
                    []() -> asio::awaitable<void> { co_await throw_after(milliseconds(1)); });
        co_await group.join();
        BOOST_TEST(group.size() == 0U);
        bool ran = false;
        group.spawn("next", [&ran]() -> asio::awaitable<void> {
            ran = true;
            co_return;
        });
        co_await group.join();
        BOOST_TEST(ran);
    });
}

BOOST_AUTO_TEST_CASE(a_cancelled_deadline_wait_is_a_cancellation_not_a_timeout) {
    run_coroutine_test([](Services& services) -> asio::awaitable<void> {
        TaskGroup group(services.executor());
        bool cancelled = false;
        group.spawn("waiter", [&cancelled]() -> asio::awaitable<void> {
            try {
                auto operation = answer_after(seconds(60));
                co_await with_deadline(std::move(operation), Deadline::in(seconds(60)));
            } catch (...) {
                cancelled = is_cancellation();
                throw;
            }
        });
        co_await sleep_for(milliseconds(1));
        co_await group.cancel_and_join();
        BOOST_TEST(cancelled);
    });
}

BOOST_AUTO_TEST_SUITE_END()

#include "runtime/loop.h"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "runtime/published.h"

using namespace pilotlight;
using runtime::Loop;
using std::chrono::milliseconds;
using std::chrono::seconds;

BOOST_AUTO_TEST_SUITE(loop)

BOOST_AUTO_TEST_CASE(runs_posts_in_order_on_its_thread) {
    Loop loop("test");
    loop.start();
    std::vector<int> order;
    for (int i = 0; i < 100; ++i)
        loop.post([&order, i] { order.push_back(i); });
    const auto seen = loop.ask([&] { return std::pair(order, loop.is_current()); }, seconds(10));
    BOOST_REQUIRE(seen.has_value());
    BOOST_TEST(seen->first.size() == 100U);
    BOOST_TEST(std::ranges::is_sorted(seen->first));
    BOOST_TEST(seen->second);
    BOOST_TEST(!loop.is_current());
}

BOOST_AUTO_TEST_CASE(a_busy_loop_is_not_waited_for_beyond_the_limit) {
    Loop loop("test");
    loop.start();
    std::mutex mutex;
    std::unique_lock held(mutex);
    loop.post([&mutex] { const std::scoped_lock lock(mutex); });
    BOOST_TEST(!loop.ask([] { return 1; }, milliseconds(20)).has_value());
    held.unlock();
    BOOST_TEST((loop.ask([] { return 1; }, seconds(10)) == 1));
    BOOST_TEST(loop.ask([] {}, seconds(10)));
}

BOOST_AUTO_TEST_CASE(asked_on_itself_it_does_not_wait_for_itself) {
    Loop loop("test");
    loop.start();
    const auto answer =
        loop.ask([&loop] { return loop.ask([] { return 7; }, seconds(10)); }, seconds(10));
    BOOST_TEST((answer.value() == 7));
}

BOOST_AUTO_TEST_CASE(outlives_a_handler_that_throws) {
    Loop loop("test");
    loop.start();
    loop.post([] { throw std::runtime_error("a handler's bug"); });
    BOOST_TEST((loop.ask([] { return 1; }, seconds(10)) == 1));
}

BOOST_AUTO_TEST_CASE(tells_how_late_it_was) {
    Loop loop("test");
    loop.start();
    BOOST_TEST(loop.ask([] {}, seconds(10)));
    loop.post([] { std::this_thread::sleep_for(milliseconds(400)); });
    BOOST_TEST(loop.ask([] {}, seconds(10)));
    const SteadyTime limit = steady_now() + seconds(10);
    std::chrono::nanoseconds worst{};
    while (worst < milliseconds(100) && steady_now() < limit) {
        worst = std::max(worst, loop.worst_lag());
        BOOST_TEST_REQUIRE(loop.ask([] {}, seconds(10)));
    }
    BOOST_TEST((worst >= milliseconds(100)));
}

BOOST_AUTO_TEST_CASE(stops_with_work_left) {
    std::atomic<bool> first = false;
    {
        Loop loop("test");
        loop.post([&] { first = true; });
        loop.post([&loop] { loop.stop(); });
        loop.post([] { BOOST_ERROR("ran after the stop"); });
        loop.start();
        loop.join();
    }
    BOOST_TEST(first);
}

BOOST_AUTO_TEST_CASE(published_values_are_whole_while_they_are_replaced) {
    runtime::Published<std::pair<int, int>> published;
    BOOST_TEST((published.load() == nullptr));
    std::jthread writer([&] {
        for (int i = 0; i < 20'000; ++i) {
            published.publish(std::make_shared<const std::pair<int, int>>(i, -i));
        }
    });
    int last = 0;
    while (last < 19'999) {
        const auto value = published.load();
        if (!value) continue;
        BOOST_REQUIRE(value->first == -value->second);
        BOOST_REQUIRE(value->first >= last);
        last = value->first;
    }
}

BOOST_AUTO_TEST_SUITE_END()

#include "exporters/snapshot_source.h"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace pilotlight;
using namespace pilotlight::exporters;
using namespace std::chrono_literals;

namespace {

/// A source whose clock and answers the test holds.
struct Counted {
    SteadyTime now{1h};
    std::atomic<int> asked = 0;
    bool ready = true;
    bool fails = false;

    std::function<SharedSnapshot()> source = at_most_every(
        100ms,
        [this]() -> SharedSnapshot {
            ++asked;
            if (fails) throw std::runtime_error("the engine is gone");
            return ready ? std::make_shared<const Snapshot>() : nullptr;
        },
        [this] { return now; });
};

}  // namespace

BOOST_AUTO_TEST_SUITE(snapshot_source)

BOOST_AUTO_TEST_CASE(asks_again_only_when_the_interval_has_passed) {
    Counted counted;
    const SharedSnapshot first = counted.source();
    counted.now += 99ms;
    BOOST_TEST(counted.source() == first);
    BOOST_TEST(counted.asked == 1);
    counted.now += 1ms;
    BOOST_TEST(counted.source() != first);
    BOOST_TEST(counted.asked == 2);
}

BOOST_AUTO_TEST_CASE(asks_at_once_again_while_there_is_none) {
    Counted counted;
    counted.ready = false;
    BOOST_TEST(counted.source() == nullptr);
    counted.ready = true;
    BOOST_TEST(counted.source() != nullptr);
}

BOOST_AUTO_TEST_CASE(a_failure_passes_through_and_blocks_nobody) {
    Counted counted;
    counted.fails = true;
    BOOST_CHECK_THROW((void)counted.source(), std::runtime_error);
    counted.fails = false;
    BOOST_TEST(counted.source() != nullptr);
}

BOOST_AUTO_TEST_CASE(a_copy_shares_what_was_asked) {
    Counted counted;
    const auto copy = counted.source;
    BOOST_TEST(copy() == counted.source());
    BOOST_TEST(counted.asked == 1);
}

BOOST_AUTO_TEST_CASE(many_threads_ask_once) {
    Counted counted;
    std::atomic<int> given = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 1000; ++round)
                given += counted.source() != nullptr;
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    BOOST_TEST(counted.asked == 1);
    BOOST_TEST(given == 8000);
}

BOOST_AUTO_TEST_SUITE_END()

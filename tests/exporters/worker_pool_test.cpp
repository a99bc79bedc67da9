#include "exporters/worker_pool.h"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>

using pilotlight::exporters::WorkerPool;
using namespace std::chrono_literals;

namespace {

const auto kNothing = [] {};

/// Jobs that wait at it until it is opened.
class Gate {
  public:
    void pass() {
        std::unique_lock lock(mutex_);
        ++inside_;
        changed_.notify_all();
        changed_.wait_for(lock, 60s, [this] { return open_; });
    }
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    bool have_come(int count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 60s, [&] { return inside_ == count; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int inside_ = 0;
    bool open_ = false;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(worker_pool)

BOOST_AUTO_TEST_CASE(runs_as_many_jobs_at_a_time_as_its_limit) {
    Gate gate;
    WorkerPool pool(3);
    for (int i = 0; i < 3; ++i)
        pool.add([&] { gate.pass(); }, kNothing);
    BOOST_TEST(gate.have_come(3));
    gate.open();
}

BOOST_AUTO_TEST_CASE(says_that_it_is_full_before_it_waits) {
    Gate gate;
    WorkerPool pool(1);
    pool.add([&] { gate.pass(); }, kNothing);
    bool awaited = false;
    BOOST_TEST(!pool.is_awaited());
    pool.add(kNothing, [&] {
        awaited = pool.is_awaited();
        gate.open();
    });
    BOOST_TEST(awaited);
    BOOST_TEST(!pool.is_awaited());
}

BOOST_AUTO_TEST_CASE(stopping_lets_every_job_be_finished) {
    std::atomic<int> done = 0;
    WorkerPool pool(4);
    for (int i = 0; i < 1000; ++i)
        pool.add([&] { ++done; }, kNothing);
    pool.stop();
    pool.stop();
    BOOST_TEST(done == 1000);
}

BOOST_AUTO_TEST_CASE(a_job_that_comes_after_the_stop_is_run_all_the_same) {
    bool done = false;
    WorkerPool pool(1);
    pool.stop();
    pool.add([&] { done = true; }, kNothing);
    BOOST_TEST(done);
}

BOOST_AUTO_TEST_SUITE_END()

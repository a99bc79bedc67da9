#include "exporters/worker_pool.h"

#include <system_error>
#include <utility>

namespace pilotlight::exporters {

void WorkerPool::add(std::function<void()> job, const std::function<void()>& when_full) {
    std::unique_lock lock(mutex_);
    if (!stopping_ && !room()) {
        ++waiting_;
        lock.unlock();
        when_full();
        lock.lock();
        changed_.wait(lock, [this] { return stopping_ || room(); });
        --waiting_;
    }
    if (stopping_ || (jobs_.size() >= idle_ && !start_thread())) {
        lock.unlock();
        job();
        return;
    }
    jobs_.push_back(std::move(job));
    changed_.notify_all();
}

bool WorkerPool::start_thread() {
    try {
        threads_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
        // The machine gives no more threads: those that there are must do.
    }
    return !threads_.empty();
}

bool WorkerPool::is_awaited() const {
    const std::lock_guard lock(mutex_);
    return waiting_ > 0;
}

void WorkerPool::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        ++idle_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
        --idle_;
        if (jobs_.empty()) return;
        const std::function<void()> job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        job();
        lock.lock();
    }
}

void WorkerPool::stop() {
    std::vector<std::thread> threads;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        threads = std::exchange(threads_, {});
    }
    changed_.notify_all();
    for (std::thread& thread : threads)
        thread.join();
}

}  // namespace pilotlight::exporters

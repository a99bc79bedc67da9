#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace pilotlight::exporters {

/// Threads that are started when work arrives and nobody is idle, up to a limit, and kept. Beyond
/// it add() waits: the kernel's queue of connections is the only one.
class WorkerPool {
  public:
    explicit WorkerPool(std::size_t limit) : limit_(limit) {}
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;
    ~WorkerPool() { stop(); }

    /// Gives the job to a thread; while all are busy it calls `when_full`, once is_awaited() says
    /// so, and waits for one. After stop() it runs the job itself: a job owns something that it
    /// must give back.
    void add(std::function<void()> job, const std::function<void()>& when_full);

    /// Whether somebody waits in add().
    [[nodiscard]] bool is_awaited() const;

    /// Lets the threads finish what they have and joins them. May be called again.
    void stop();

  private:
    void work();
    /// False where there is no thread at all.
    bool start_thread();
    [[nodiscard]] bool room() const { return jobs_.size() < idle_ || threads_.size() < limit_; }

    const std::size_t limit_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> jobs_;
    std::vector<std::thread> threads_;
    std::size_t idle_ = 0;
    std::size_t waiting_ = 0;
    bool stopping_ = false;
};

}  // namespace pilotlight::exporters

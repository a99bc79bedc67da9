#pragma once

#include <functional>
#include <mutex>
#include <utility>

#include "runtime/loop.h"

namespace pilotlight::alerting {

/// The way to a loop for those who may outlive it: closed before the loop goes. Thread: any.
class Gate {
  public:
    explicit Gate(runtime::Loop& loop) : loop_(loop) {}

    void post(std::function<void()> job) {
        const std::scoped_lock lock(mutex_);
        if (!closed_) loop_.post(std::move(job));
    }
    void close() {
        const std::scoped_lock lock(mutex_);
        closed_ = true;
    }
    [[nodiscard]] bool is_closed() const {
        const std::scoped_lock lock(mutex_);
        return closed_;
    }

  private:
    runtime::Loop& loop_;
    mutable std::mutex mutex_;
    bool closed_ = false;
};

}  // namespace pilotlight::alerting

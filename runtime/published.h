#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace pilotlight::runtime {

/// An immutable value that one thread replaces and others read. Thread: any.
template <class T>
class Published {
  public:
    Published() = default;
    explicit Published(std::shared_ptr<const T> value) : value_(std::move(value)) {}

    void publish(std::shared_ptr<const T> value) {
        // The old value is freed after the lock: that may take a while.
        const std::scoped_lock lock(mutex_);
        value_.swap(value);
    }

    /// Null before the first publish().
    [[nodiscard]] std::shared_ptr<const T> load() const {
        const std::scoped_lock lock(mutex_);
        return value_;
    }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const T> value_;
};

}  // namespace pilotlight::runtime

#include "exporters/snapshot_source.h"

#include <mutex>
#include <optional>

namespace pilotlight::exporters {
namespace {

class Source {
  public:
    Source(Duration interval, std::function<SharedSnapshot()> ask,
           std::function<SteadyTime()> clock)
        : interval_(interval), ask_(std::move(ask)), clock_(std::move(clock)) {}

    SharedSnapshot get() {
        std::unique_lock asking(asking_, std::try_to_lock);
        if (!asking.owns_lock()) {
            if (SharedSnapshot known = last()) return known;
            asking.lock();
        }
        const SteadyTime now = clock_();
        if (asked_at_ && now - *asked_at_ < interval_) return last();
        SharedSnapshot fresh = ask_();
        // Nothing yet is asked for again at once: somebody waits for the first one.
        if (fresh != nullptr) asked_at_ = now;
        const std::lock_guard lock(mutex_);
        return last_ = std::move(fresh);
    }

  private:
    SharedSnapshot last() {
        const std::lock_guard lock(mutex_);
        return last_;
    }

    const Duration interval_;
    const std::function<SharedSnapshot()> ask_;
    const std::function<SteadyTime()> clock_;
    /// Held by the one that asks; guards asked_at_.
    std::mutex asking_;
    std::optional<SteadyTime> asked_at_;
    /// Guards last_.
    std::mutex mutex_;
    SharedSnapshot last_;
};

}  // namespace

std::function<SharedSnapshot()> at_most_every(Duration interval,
                                              std::function<SharedSnapshot()> ask,
                                              std::function<SteadyTime()> clock) {
    return [source = std::make_shared<Source>(interval, std::move(ask), std::move(clock))] {
        return source->get();
    };
}

}  // namespace pilotlight::exporters

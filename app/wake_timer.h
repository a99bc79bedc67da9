#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>

#include "core/time.h"

namespace pilotlight::app {

/// Wakes the engine at a wall time, and at least each second, so that a clock that is set is
/// noticed. Thread: the executor's.
class WakeTimer {
  public:
    WakeTimer(const boost::asio::any_io_executor& executor, std::function<void()> wake);
    WakeTimer(const WakeTimer&) = delete;
    WakeTimer& operator=(const WakeTimer&) = delete;
    ~WakeTimer();

    /// Once, instead of what it was armed for before.
    void arm(WallTime at);
    void cancel();

  private:
    class Timer;
    std::unique_ptr<Timer> timer_;
    std::function<void()> wake_;
};

}  // namespace pilotlight::app

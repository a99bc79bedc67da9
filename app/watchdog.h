#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "core/time.h"

namespace pilotlight::app {

/// Bounds an orderly end: when `limit` passes before this is destroyed, it names the step that
/// hangs and ends the process with code 1. A thread inside a dead NFS mount cannot be joined, and
/// everything durable is on disk already, so nothing is lost by it.
class Watchdog {
  public:
    explicit Watchdog(Duration limit);
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;
    ~Watchdog();

    /// The step that begins now.
    void entering(std::string step);

  private:
    std::mutex mutex_;
    std::condition_variable ended_;
    bool done_ = false;
    std::string step_;
    std::thread thread_;
};

}  // namespace pilotlight::app

#pragma once

#include <mutex>
#include <string>

#include "app/demo/faults.h"
#include "core/time.h"
#include "exporters/http.h"

namespace pilotlight::app::demo {

/// The small application that the demo watches: GET /api/health and GET /metrics, as a customer's
/// application would have them, with made-up traffic. Thread: any.
class Application {
  public:
    /// `faults` outlives this.
    Application(const Faults& faults, SteadyTime started_at)
        : faults_(faults), last_traffic_(started_at) {}

    /// May take seconds while the fault `slow` is on.
    [[nodiscard]] exporters::Response handle(const exporters::Request& request);

  private:
    [[nodiscard]] exporters::Response health(SteadyTime now) const;
    [[nodiscard]] std::string metrics(SteadyTime now);

    const Faults& faults_;
    std::mutex mutex_;
    SteadyTime last_traffic_;
    double succeeded_ = 0;
    double failed_ = 0;
    double busy_seconds_ = 0;
};

}  // namespace pilotlight::app::demo

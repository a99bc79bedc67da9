#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/time.h"
#include "exporters/snapshot.h"
#include "probes/runner.h"
#include "probes/target.h"

namespace pilotlight::app {

/// What is known of each target and service now: the lines of the status page.
/// Thread: one owner, the engine's.
class TargetStates {
  public:
    /// Makes `targets` and `services` the whole lists; a target of the same name and prober keeps
    /// what is known of it.
    void replace(const std::vector<probes::SharedTarget>& targets,
                 const std::vector<config::ServiceConfig>& services);

    /// A probe ended. Nothing where the target is not listed (any more). A probe that could not
    /// judge changes no health, but says why.
    void probed(const probes::ProbeRun& run);

    /// In the file's order.
    [[nodiscard]] std::vector<exporters::TargetView> targets() const;
    /// In the file's order, then those that only targets name. A service is down when all of its
    /// targets are, or some are and a critical alert that carries its name fires; degraded when
    /// some are, or any such alert fires.
    [[nodiscard]] std::vector<exporters::ServiceView> services(
        const std::vector<Alert>& alerts) const;
    [[nodiscard]] std::size_t size() const { return order_.size(); }

  private:
    std::vector<std::string> order_;
    std::map<std::string, exporters::TargetView, std::less<>> views_;
    std::vector<config::ServiceConfig> services_;
};

}  // namespace pilotlight::app

#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "core/time.h"
#include "exporters/snapshot.h"
#include "probes/runner.h"
#include "probes/target.h"

namespace pilotlight::app {

/// What is known of each target and service now: the lines of the status page. Of each target the
/// last failure is kept, also when it is over, with what was seen (4 KiB at most); of all of them
/// together the newest that fit.
/// Thread: one owner, the engine's.
class TargetStates {
  public:
    /// Bytes of evidence that all targets may have together.
    explicit TargetStates(std::size_t evidence_limit = 32U << 20) : limit_(evidence_limit) {}

    /// Makes `targets` and `services` the whole lists; a target of the same name and prober keeps
    /// what is known of it.
    void replace(const std::vector<probes::SharedTarget>& targets,
                 const std::vector<config::ServiceConfig>& services);

    /// A probe ended. Nothing where the target is not listed (any more). A probe that could not
    /// judge changes no health, but says why; how long its target was not looked at then: since
    /// the probe before, or 0.
    Duration probed(const probes::ProbeRun& run);

    /// How many targets could not be judged by their last probe, by phase and reason, those at 0
    /// that were seen before among them.
    using Unknown = std::map<std::pair<std::string, std::string>, std::size_t>;
    [[nodiscard]] const Unknown& unknown() const { return unknown_; }
    /// One of them; empty where there is none.
    [[nodiscard]] std::string first_unknown() const;

    /// Null where the target is not listed, is not down, or has not failed.
    [[nodiscard]] const exporters::FailureView* failure_of(std::string_view target) const;

    /// In the file's order.
    [[nodiscard]] std::vector<exporters::TargetView> targets() const;
    /// In the file's order, then those that only targets name. A service is down when all of its
    /// targets are, or some are and a critical alert that carries its name fires; degraded when
    /// some are, or any such alert fires.
    [[nodiscard]] std::vector<exporters::ServiceView> services(
        const std::vector<Alert>& alerts) const;
    [[nodiscard]] std::size_t size() const { return order_.size(); }

  private:
    void count_unknown(const exporters::TargetView& view, bool unknown);
    void keep_failure(exporters::TargetView& view, const probes::Blip& seen, bool is_blip);
    void forget_oldest_evidence();

    std::size_t limit_;
    /// Bytes of evidence, and whose is how old.
    std::size_t bytes_ = 0;
    std::set<std::pair<WallTime, std::string>> by_age_;
    Unknown unknown_;
    std::vector<std::string> order_;
    std::map<std::string, exporters::TargetView, std::less<>> views_;
    std::vector<config::ServiceConfig> services_;
};

}  // namespace pilotlight::app

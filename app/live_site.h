#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/engine.h"
#include "config/config.h"
#include "exporters/query/service.h"
#include "exporters/self_metrics.h"
#include "exporters/site.h"
#include "runtime/loop.h"
#include "runtime/published.h"

namespace pilotlight::app {

/// What the listener shows of the running daemon: pages, metrics and APIs. Each asks the engine on
/// its own loop, within a limit. Must outlive the listener.
class LiveSite {
  public:
    /// What is referred to must outlive it.
    struct Parts {
        runtime::Loop& engine_loop;
        /// Used on its loop only, and only while it runs.
        std::unique_ptr<Engine>& engine;
        const std::atomic<bool>& engine_runs;
        exporters::SelfMetrics& metrics;
        /// As in exporters::Site.
        std::function<std::vector<std::string>()> reload;
        std::function<void()> quit;
        std::vector<exporters::ExtraRoute> extra_routes;
    };

    LiveSite(Parts parts, std::shared_ptr<const config::Config> first);

    [[nodiscard]] exporters::Site site();
    /// Goes by a reloaded configuration from now on. Thread: the control loop.
    void configure(const config::Config& now);
    /// Ends what is being evaluated for clients, so that the listener can end.
    void stop();

  private:
    [[nodiscard]] exporters::SharedSnapshot current_snapshot();
    void add_apis(std::vector<exporters::ExtraRoute>& routes);

    Parts parts_;
    std::shared_ptr<const config::Config> first_;
    runtime::Published<exporters::Snapshot> snapshot_;
    std::function<exporters::SharedSnapshot()> snapshots_;
    runtime::Published<exporters::PrometheusView> view_for_tools_;
    std::unique_ptr<query::Service> queries_;
};

}  // namespace pilotlight::app

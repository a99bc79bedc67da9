#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/probe_history.h"
#include "app/probe_request.h"
#include "config/config.h"
#include "exporters/site.h"
#include "probes/runner.h"
#include "runtime/published.h"

namespace pilotlight::app {

/// `/probe`, by GET or POST, and `GET /logs`, as blackbox_exporter has them. A probe that is asked
/// for here is nobody else's: it makes no sample of a target. Thread: any; a request waits on the
/// thread that brings it.
class ProbeEndpoint {
  public:
    struct Parts {
        /// Null while no probe can be run.
        std::function<probes::Runner*()> runner;
        /// Names by which a client on loopback may address this server.
        std::vector<std::string> host_names;
        /// How many were sent away so far, whenever it grows.
        std::function<void(std::uint64_t)> full;
    };

    explicit ProbeEndpoint(Parts parts) : parts_(std::move(parts)) {}
    ProbeEndpoint(const ProbeEndpoint&) = delete;
    ProbeEndpoint& operator=(const ProbeEndpoint&) = delete;

    /// Of the next requests.
    void configure(std::shared_ptr<const config::Config> config) {
        config_.publish(std::move(config));
    }
    /// No request waits any more, and none begins. Call it before the server is stopped.
    void stop() { stopping_ = true; }

    /// Their handlers refer to this.
    [[nodiscard]] std::vector<exporters::ExtraRoute> routes();

    [[nodiscard]] exporters::Response probe(const exporters::Request& request);
    [[nodiscard]] exporters::Response logs(const exporters::Request& request) const;

    /// Probes at once; the server's other connections are for other pages.
    static constexpr std::uint64_t kAtOnce = 32;

  private:
    class Seat;
    exporters::Response run(ProbeRequest wanted, const exporters::Request& request);
    /// Nothing where it is given up.
    std::optional<probes::ProbeRun> wait(probes::PreparedTarget target);

    Parts parts_;
    runtime::Published<config::Config> config_;
    ProbeHistory history_;
    std::atomic<bool> stopping_ = false;
    std::atomic<std::uint64_t> running_ = 0;
    std::atomic<std::uint64_t> sent_away_ = 0;
};

}  // namespace pilotlight::app

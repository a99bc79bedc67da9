#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "exporters/site.h"

namespace pilotlight::app {

struct DaemonOptions {
    /// The main file.
    std::string config;
    /// HOST:PORT and folder, over what the file says.
    std::optional<std::string> listen;
    std::optional<std::string> data_dir;
    /// What else its listener serves.
    std::vector<exporters::ExtraRoute> extra_routes;
};

/// The whole program, from its files to its threads: engine, probe loops, delivery, journal,
/// listener, and the control loop that reloads and ends it.
class Daemon {
  public:
    /// Loads everything, takes the data folder, listens, and begins to probe. On an error nothing
    /// is left running.
    [[nodiscard]] static Checked<std::unique_ptr<Daemon>> start(DaemonOptions options);
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;
    /// As stop().
    ~Daemon();

    /// Waits for SIGTERM, SIGINT, POST /-/quit or quit().
    void wait();
    /// Thread: any.
    void quit();
    /// Ends in order: listener, probes, engine, deliveries, journal. What waits in the outbox is
    /// sent after the next start.
    void stop();

    [[nodiscard]] int port() const;

  private:
    struct Parts;
    explicit Daemon(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace pilotlight::app

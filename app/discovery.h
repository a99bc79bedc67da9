#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <vector>

#include "alerting/journal.h"
#include "app/load.h"
#include "config/config.h"
#include "exporters/self_metrics.h"
#include "probes/target.h"
#include "runtime/services.h"

namespace pilotlight::app {

/// Asks the sources of `dns_sd` and `http_sd` for their targets: each at once, then at its
/// interval. What a source said last is kept in the journal and stays known until it says something
/// else, whether it fails, Pilotlight restarts, or its options change.
/// Thread: its loop's, and before that loop runs anybody's.
class Discovery {
  public:
    struct Parts {
        runtime::Services& services;
        alerting::Journal& journal;
        exporters::SelfMetrics& metrics;
        /// The targets are others now: add_to() says which.
        std::function<void()> changed;
    };

    /// What `parts` refers to outlives this. `kept`: what the journal held.
    Discovery(Parts parts, const std::vector<alerting::Record>& kept);
    Discovery(const Discovery&) = delete;
    Discovery& operator=(const Discovery&) = delete;
    /// After stop().
    ~Discovery();

    /// Makes the entries of `config` the sources; `discoverers` are theirs, in order. Those that
    /// ask the same as before keep their phase.
    void configure(const config::Config& config, Discoverers discoverers);
    /// Adds what is known to the targets of the files. Logs what is left out, each thing once.
    void add_to(std::vector<probes::PreparedTarget>& targets);
    /// Begins to ask.
    void start();
    [[nodiscard]] boost::asio::awaitable<void> stop();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace pilotlight::app

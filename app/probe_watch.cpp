#include "app/probe_watch.h"

#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <csignal>
#include <future>
#include <iostream>
#include <optional>

#include "app/probe_json.h"
#include "app/probe_sighting.h"
#include "probes/runner.h"
#include "runtime/blocking.h"
#include "runtime/loop.h"

namespace pilotlight::app {
namespace {

/// How soon the end is seen while a probe runs.
constexpr Duration kLookEvery{20};

/// Ctrl-C, or what a supervisor sends.
class EndRequest {
  public:
    EndRequest() : signals_(loop_.executor(), SIGINT, SIGTERM) {
        signals_.async_wait([this](const boost::system::error_code& error, int) {
            if (!error) asked_.set_value();
        });
        loop_.start();
    }
    EndRequest(const EndRequest&) = delete;
    EndRequest& operator=(const EndRequest&) = delete;
    ~EndRequest() {
        loop_.stop();
        loop_.join();
    }

    /// Whether it came until then.
    [[nodiscard]] bool comes_by(SteadyTime time) const {
        return future_.wait_until(time) == std::future_status::ready;
    }

  private:
    runtime::Loop loop_{"signals"};
    boost::asio::signal_set signals_;
    std::promise<void> asked_;
    std::future<void> future_ = asked_.get_future();
};

/// Nothing where the end comes first.
std::optional<probes::ProbeRun> probe(probes::Runner& runner, probes::PreparedTarget target,
                                      const EndRequest& end) {
    std::future<probes::ProbeRun> run = runner.probe_now(std::move(target));
    while (run.wait_for(kLookEvery) != std::future_status::ready) {
        if (end.comes_by(steady_now())) return std::nullopt;
    }
    return run.get();
}

class Printer {
  public:
    explicit Printer(bool json) : json_(json) {}

    void print(const probes::ProbeRun& run) {
        Sighting now = sighting_of(run);
        const auto changes = before_ ? changes_between(*before_, now) : std::vector<std::string>{};
        counts_.add(now, !changes.empty());
        std::cout << (json_ ? json_of(run, -1) : line_of(now, changes, terminal_)) << '\n'
                  << std::flush;
        before_ = std::move(now);
    }
    [[nodiscard]] const SightingCounts& counts() const { return counts_; }

  private:
    bool json_;
    Terminal terminal_ = Terminal::of_stdout();
    std::optional<Sighting> before_;
    SightingCounts counts_;
};

}  // namespace

bool watch_target(const std::function<probes::PreparedTarget()>& prepare,
                  const WatchOptions& options) {
    const EndRequest end;
    runtime::BlockingPool blocking;
    probes::Runner runner({}, blocking, {});
    Printer printer(options.json);
    SteadyTime next = steady_now();
    while (!end.comes_by(next)) {
        next = std::max(next + options.interval, steady_now());
        const auto run = probe(runner, prepare(), end);
        if (!run) break;
        printer.print(*run);
        if (printer.counts().all() == options.count) break;
    }
    std::cerr << counts_in_words(printer.counts()) << '\n';
    return printer.counts().ok == printer.counts().all();
}

}  // namespace pilotlight::app

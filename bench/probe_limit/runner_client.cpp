#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "bench/probe_limit/client.h"
#include "config/config.h"
#include "probes/runner.h"
#include "probes/target.h"
#include "runtime/blocking.h"

namespace bench {
namespace {

using pilotlight::probes::PreparedTarget;
using pilotlight::probes::ProbeRun;

std::string tls_options(const Load& load) {
    if (load.protocol == Protocol::http) return "";
    std::string options = fmt::format(", tls_config: {{ca_file: {}}}", load.ca_file);
    if (load.protocol == Protocol::https_resumed) {
        options += fmt::format(", resume_sessions: {{full_every: {}}}", load.full_every);
    }
    return options;
}

/// Targets that are due again as soon as they have answered: the interval is far below what the
/// machine can do.
std::vector<PreparedTarget> targets_of(const Load& load) {
    std::string text = "targets:\n";
    for (std::size_t i = 0; i < load.in_flight; ++i) {
        text += fmt::format(
            "  - {{name: t{}, prober: http, interval: 10ms, target: "
            "'{}://127.0.0.1:{}/target/1', http: {{valid_status_codes: [200], "
            "fail_if_body_not_matches_regexp: ['\"status\":\\s*\"ok\"']{}}}}}\n",
            i, load.protocol == Protocol::http ? "http" : "https", load.port, tls_options(load));
    }
    std::vector<std::string_view> probers;
    for (const auto& kind : pilotlight::probes::prober_kinds())
        probers.push_back(kind.name);
    const auto read = pilotlight::config::parse_config(text, "bench", ".", probers);
    if (!read) throw std::runtime_error(read.error().front().message);
    pilotlight::config::Config config = **read;
    // More than the interval, which no file may say: what is late here is no failure.
    for (pilotlight::config::TargetConfig& target : config.targets)
        target.timeout = std::chrono::seconds(5);
    auto prepared = pilotlight::probes::prepare_targets(config);
    if (!prepared) throw std::runtime_error(prepared.error().front().message);
    return std::move(*prepared);
}

}  // namespace

Tally run_pilotlight(const Load& load) {
    std::mutex mutex;
    Tally tally;
    pilotlight::probes::ProbeSink sink;
    sink.ran = [&](const ProbeRun& run) {
        const std::scoped_lock lock(mutex);
        const bool good = run.outcome.verdict == pilotlight::probes::Verdict::ok;
        ++(good ? tally.good : tally.bad);
        if (!good && tally.trouble.empty()) tally.trouble = run.outcome.detail;
    };
    sink.gone = [](const auto&, const auto&) {};
    pilotlight::runtime::BlockingPool blocking;
    pilotlight::probes::Runner runner({.first_within = std::chrono::milliseconds(10)}, blocking,
                                      std::move(sink));
    runner.replace(targets_of(load));
    std::this_thread::sleep_for(load.length);
    runner.stop();
    return tally;
}

}  // namespace bench

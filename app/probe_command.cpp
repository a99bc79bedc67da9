#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "app/command_line.h"
#include "app/commands.h"
#include "app/load.h"
#include "app/log.h"
#include "app/probe_json.h"
#include "app/probe_picture.h"
#include "app/probe_watch.h"
#include "config/config.h"
#include "config/sections.h"
#include "core/check.h"
#include "probes/runner.h"

namespace pilotlight::app {
namespace {

/// How often an address is watched that no configuration says anything of.
constexpr Duration kWatchedEvery = std::chrono::seconds(5);

struct Wanted {
    config::TargetConfig target;
    config::Limits limits;
};

/// `FILE:NAME`, the module's options put into `target`.
Errors apply_module(const std::string& text, config::TargetConfig& target) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) {
        return {Error(fmt::format("--module {}: expected FILE:NAME", text))};
    }
    const std::string file = text.substr(0, colon);
    const std::string name = text.substr(colon + 1);
    auto modules = config::load_modules(file, prober_names());
    if (!modules) return std::move(modules.error());
    const auto module = std::ranges::find(*modules, name, &config::ModuleConfig::name);
    if (module == modules->end()) {
        return {Error(fmt::format("no module \"{}\" in {}", name, file))};
    }
    if (module->prober != target.prober) {
        return {Error(fmt::format("module \"{}\" is for prober {}, not {}", name, module->prober,
                                  target.prober),
                      module->where)};
    }
    target.options = module->options;
    if (module->timeout) target.timeout = *module->timeout;
    return {};
}

Checked<Wanted> target_of_config(const ProbeOptions& options) {
    auto config = config::load_config(options.config, prober_names());
    if (!config) return std::unexpected(std::move(config.error()));
    const auto& targets = (*config)->targets;
    const auto found =
        std::ranges::find(targets, options.name_or_prober, &config::TargetConfig::name);
    if (found == targets.end()) {
        std::vector<std::string_view> names;
        for (const auto& target : targets)
            names.push_back(target.name);
        const std::string_view nearest = nearest_key(options.name_or_prober, names);
        return std::unexpected(Errors{Error(
            fmt::format("no target \"{}\" in {}{}", options.name_or_prober, options.config,
                        nearest.empty() ? "" : fmt::format(", did you mean \"{}\"?", nearest)))});
    }
    return Wanted{*found, (*config)->limits};
}

Checked<Wanted> target_of_words(const ProbeOptions& options) {
    if (probes::find_prober(options.name_or_prober) == nullptr) {
        return std::unexpected(
            Errors{Error(fmt::format("no prober \"{}\", expected one of: {}",
                                     options.name_or_prober, fmt::join(prober_names(), ", ")))});
    }
    config::TargetConfig target;
    // The name is shown; the address may hold a password.
    target.name = config::redact_address(options.address);
    target.prober = options.name_or_prober;
    target.target = Secret(options.address);
    target.interval = kWatchedEvery;
    target.timeout = std::chrono::seconds(5);
    if (!options.module.empty()) {
        Errors errors = apply_module(options.module, target);
        if (!errors.empty()) return std::unexpected(std::move(errors));
    }
    if (!options.timeout.empty()) {
        auto timeout = parse_duration(options.timeout);
        if (!timeout) return std::unexpected(Errors{std::move(timeout.error())});
        target.timeout = *timeout;
    }
    return Wanted{std::move(target), {}};
}

Checked<Wanted> find_target(const ProbeOptions& options) {
    auto wanted = options.address.empty() ? target_of_config(options) : target_of_words(options);
    if (!wanted || options.interval.empty()) return wanted;
    auto interval = parse_duration(options.interval);
    if (!interval) return std::unexpected(Errors{std::move(interval.error())});
    if (*interval < config::kShortestInterval) {
        return std::unexpected(Errors{Error(
            fmt::format("--interval is {} at least", format_duration(config::kShortestInterval)))});
    }
    wanted->target.interval = *interval;
    return wanted;
}

Checked<probes::PreparedTarget> prepare(const Wanted& wanted) {
    auto prepared = probes::prepare_target(wanted.target, wanted.limits);
    if (prepared) prepared->prober->always_give_evidence();
    return prepared;
}

bool probe_once(probes::PreparedTarget target, bool json) {
    runtime::BlockingPool blocking;
    const probes::ProbeRun run = probes::run_once(std::move(target), blocking);
    std::cout << (json ? json_of(run, 2) + '\n'
                       : picture_of(run, wall_now(), Terminal::of_stdout()));
    return run.outcome.verdict == probes::Verdict::ok;
}

}  // namespace

int probe_command(const ProbeOptions& options) {
    log_to_stderr();
    const auto wanted = find_target(options);
    if (!wanted) {
        print_errors(wanted.error());
        return kExitCannot;
    }
    auto target = prepare(*wanted);
    if (!target) {
        print_errors(target.error());
        return kExitCannot;
    }
    bool is_good = false;
    if (options.watch) {
        const auto again = [&] {
            auto made = prepare(*wanted);
            PILOT_CHECK(made.has_value());
            return std::move(*made);
        };
        is_good = watch_target(
            again,
            {.interval = wanted->target.interval, .count = options.count, .json = options.json});
    } else {
        is_good = probe_once(std::move(*target), options.json);
    }
    return is_good ? kExitDone : kExitNotGood;
}

}  // namespace pilotlight::app

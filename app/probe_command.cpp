#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/command_line.h"
#include "app/commands.h"
#include "app/load.h"
#include "app/log.h"
#include "config/config.h"
#include "probes/runner.h"

namespace pilotlight::app {
namespace {

constexpr std::string_view kPhaseSuffix = "_duration_seconds";

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

Checked<probes::PreparedTarget> target_of_config(const ProbeOptions& options) {
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
    return probes::prepare_target(*found, (*config)->limits);
}

Checked<probes::PreparedTarget> target_of_words(const ProbeOptions& options) {
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
    target.interval = std::chrono::seconds(15);
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
    return probes::prepare_target(target, config::Limits{});
}

bool is_phase(const Sample& sample) {
    return sample.labels.metric_name().ends_with(kPhaseSuffix) &&
           !sample.labels.get("phase").empty();
}

/// The phases as bars on one scale, in the order in which they were measured.
void print_phases(const probes::ProbeRun& run) {
    constexpr double kBarWidth = 40;
    double longest = 0;
    for (const Sample& sample : run.batch->samples) {
        if (is_phase(sample)) longest = std::max(longest, sample.value);
    }
    if (longest <= 0) return;
    for (const Sample& sample : run.batch->samples) {
        if (!is_phase(sample)) continue;
        const auto width = static_cast<std::size_t>(sample.value / longest * kBarWidth);
        std::string bar;
        for (std::size_t i = 0; i < width; ++i)
            bar += "█";
        std::cout << fmt::format("  {:<12}{:>10.3f} ms  {}\n", sample.labels.get("phase"),
                                 sample.value * 1e3, bar);
    }
    std::cout << '\n';
}

void print_run(const probes::ProbeRun& run) {
    const probes::Target& target = *run.target;
    const double milliseconds = std::chrono::duration<double, std::milli>(run.duration).count();
    std::cout << fmt::format("{} {} {}: {} in {:.3f} ms\n", target.config.prober,
                             target.config.name, target.instance,
                             probes::to_string(run.outcome.verdict), milliseconds);
    if (run.outcome.verdict != probes::Verdict::ok) {
        std::cout << fmt::format("  phase {}, reason {}: {}\n", run.outcome.phase,
                                 run.outcome.reason, run.outcome.detail);
    }
    std::cout << '\n';
    print_phases(run);
    for (const Sample& sample : run.batch->samples) {
        std::cout << fmt::format("{} {}\n", sample.labels.to_string(), format_value(sample.value));
    }
}

void print_json(const probes::ProbeRun& run) {
    nlohmann::ordered_json samples = nlohmann::ordered_json::array();
    for (const Sample& sample : run.batch->samples) {
        nlohmann::ordered_json labels = nlohmann::ordered_json::object();
        for (const Label label : sample.labels)
            labels[std::string(label.name)] = label.value;
        // JSON has no NaN or infinity: values are texts, as in Prometheus's API.
        samples.push_back({{"labels", labels}, {"value", format_value(sample.value)}});
    }
    const nlohmann::ordered_json document = {
        {"target", run.target->config.name},
        {"prober", run.target->config.prober},
        {"instance", run.target->instance},
        {"result", probes::to_string(run.outcome.verdict)},
        {"phase", run.outcome.phase},
        {"reason", run.outcome.reason},
        {"detail", run.outcome.detail},
        {"duration_seconds", std::chrono::duration<double>(run.duration).count()},
        {"samples", samples}};
    std::cout << document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

}  // namespace

int probe_command(const ProbeOptions& options) {
    log_to_stderr();
    auto target = options.address.empty() ? target_of_config(options) : target_of_words(options);
    if (!target) {
        print_errors(target.error());
        return kExitCannot;
    }
    runtime::BlockingPool blocking;
    const probes::ProbeRun run = probes::run_once(std::move(*target), blocking);
    if (options.json) {
        print_json(run);
    } else {
        print_run(run);
    }
    return run.outcome.verdict == probes::Verdict::ok ? kExitDone : kExitNotGood;
}

}  // namespace pilotlight::app

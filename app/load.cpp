#include "app/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "alerting/receiver_options.h"
#include "app/policies.h"
#include "app/web_access.h"
#include "config/yaml.h"
#include "probes/probe.h"

namespace pilotlight::app {
namespace {

void append(Errors& errors, Errors more) {
    errors.insert(errors.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
}

rules::ReadOptions rule_options(const config::Config& config) {
    rules::ReadOptions options;
    options.compatibility = config.compatibility == config::Compatibility::prometheus2
                                ? promql::Compatibility::prometheus2
                                : promql::Compatibility::prometheus3;
    return options;
}

/// The error of a file that could not be read, at the place that names the file.
Error named_at(const Error& error, const Location& where) {
    if (error.where.line != 0) return error;
    return Error(fmt::format("{}: {}", error.where.file.str(), error.message), where);
}

std::vector<rules::RuleFile> load_rules(const config::Config& config, Errors& errors) {
    std::vector<rules::RuleFile> files;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < config.rule_globs.size(); ++i) {
        for (const std::string& path : config::expand_globs({config.rule_globs[i]})) {
            if (!seen.insert(path).second) continue;
            auto node = config::load_yaml(path);
            if (!node) {
                errors.push_back(named_at(node.error(), config.rule_globs_where[i]));
                continue;
            }
            auto file = rules::read_rule_file(*node, rule_options(config));
            if (file) {
                files.push_back(std::move(*file));
            } else {
                append(errors, std::move(file.error()));
            }
        }
    }
    // Groups are evaluated in the order of their files' names, whatever pattern names them.
    std::ranges::sort(files, {}, &rules::RuleFile::file);
    return files;
}

rules::SharedPolicies load_policies(const config::Config& config, Errors& errors) {
    auto policies = read_policies(config, rule_options(config).compatibility);
    if (policies) return *policies;
    append(errors, std::move(policies.error()));
    return nullptr;
}

alerting::SharedRouting load_routing(const config::Config& config, Errors& errors) {
    if (config.alerting_file.empty()) return alerting::empty_routing();
    auto node = config::load_yaml(config.alerting_file);
    if (!node) {
        errors.push_back(named_at(node.error(), config.alerting_file_where));
        return nullptr;
    }
    auto routing = alerting::read_alerting_config(*node);
    if (!routing) {
        append(errors, std::move(routing.error()));
        return nullptr;
    }
    return *routing;
}

Discoverers load_discoverers(const config::Config& config, Errors& errors) {
    Discoverers discoverers;
    for (const config::DiscoveryConfig& discovery : config.discoveries) {
        auto discoverer = probes::make_discoverer(discovery);
        if (discoverer) {
            discoverers.push_back(std::move(*discoverer));
        } else {
            append(errors, std::move(discoverer.error()));
        }
    }
    return discoverers;
}

void warn_of_nobody_told(const Loaded& loaded, Errors& warnings) {
    if (loaded.config->alerting_file.empty()) {
        warnings.emplace_back("no alerting_file is given: alerts are shown, but nobody is told",
                              Location{.file = loaded.config->file});
    }
    if (loaded.rule_files.empty()) {
        warnings.emplace_back("no rule file is loaded: nothing is judged, expected rule_files",
                              Location{.file = loaded.config->file});
    }
}

void watch(std::vector<std::string>& watched, const std::vector<std::string>& more) {
    watched.insert(watched.end(), more.begin(), more.end());
}

/// The files that have to be mended, whoever names them.
void watch_files_of(const Errors& errors, std::vector<std::string>& watched) {
    for (const Error& error : errors) {
        if (!error.where.file.empty()) watched.push_back(error.where.file.str());
    }
}

}  // namespace

std::span<const std::string_view> prober_names() {
    static const auto kNames = [] {
        std::vector<std::string_view> names;
        for (const probes::ProberKind& kind : probes::prober_kinds())
            names.push_back(kind.name);
        return names;
    }();
    return kNames;
}

LoadResult load_everything(const std::string& path) {
    LoadResult result{.loaded = Loaded{}, .watched = {path}};
    auto config = config::load_config(path, prober_names());
    if (!config) {
        watch_files_of(config.error(), result.watched);
        result.loaded = std::unexpected(std::move(config.error()));
        return result;
    }
    Loaded& loaded = *result.loaded;
    loaded.config = *config;
    watch(result.watched, loaded.config->files_read);
    watch(result.watched, loaded.config->rule_globs);
    watch(result.watched, loaded.config->module_globs);

    Errors errors;
    loaded.rule_files = load_rules(*loaded.config, errors);
    if (!loaded.config->web_config_file.empty()) {
        result.watched.push_back(loaded.config->web_config_file);
        for (const Error& error : check_web_config(loaded.config->web_config_file))
            errors.push_back(named_at(error, loaded.config->web_config_where));
    }
    loaded.policies = load_policies(*loaded.config, errors);
    loaded.routing = load_routing(*loaded.config, errors);
    if (!loaded.config->alerting_file.empty()) {
        result.watched.push_back(loaded.config->alerting_file);
    }
    if (loaded.routing != nullptr) watch(result.watched, loaded.routing->files_read);
    auto targets = probes::prepare_targets(*loaded.config);
    if (targets) {
        loaded.targets = std::move(*targets);
    } else {
        append(errors, std::move(targets.error()));
    }
    loaded.discoverers = load_discoverers(*loaded.config, errors);
    if (loaded.routing != nullptr) {
        auto with_options =
            alerting::with_receiver_options(loaded.routing, loaded.config->receiver_options);
        if (with_options) {
            loaded.routing = std::move(*with_options);
        } else {
            append(errors, std::move(with_options.error()));
        }
    }
    if (!errors.empty()) {
        result.loaded = std::unexpected(std::move(errors));
        return result;
    }
    append(loaded.warnings, loaded.config->not_yet);
    append(loaded.warnings, loaded.routing->not_yet);
    warn_of_nobody_told(loaded, loaded.warnings);
    return result;
}

}  // namespace pilotlight::app

#include "app/rule_options.h"

#include <time.h>

#include "core/time.h"

namespace pilotlight::app {
namespace {

std::chrono::nanoseconds own_time_of_thread() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace

rules::EngineOptions rule_options(const Loaded& loaded) {
    const config::Config& config = *loaded.config;
    rules::EngineOptions options;
    options.policies = loaded.policies;
    options.external_labels = config.external_labels;
    options.external_url = config.external_url;
    options.compatibility = config.compatibility == config::Compatibility::prometheus2
                                ? promql::Compatibility::prometheus2
                                : promql::Compatibility::prometheus3;
    options.default_interval = config.evaluation_interval;
    options.alerts_per_rule = config.limits.alerts_per_rule;
    options.clocks = {.now = steady_now, .own = own_time_of_thread};
    options.rule_timeout = config.limits.rule_timeout;
    return options;
}

rules::EngineOptions rule_options(const Loaded& loaded, const TargetLabels& targets) {
    rules::EngineOptions options = rule_options(loaded);
    options.is_configured = [&targets](std::string_view name) { return targets.contains(name); };
    options.target_labels = [&targets](std::string_view name) {
        const auto found = targets.find(name);
        return found == targets.end() ? Labels{{"target", name}} : found->second;
    };
    return options;
}

}  // namespace pilotlight::app

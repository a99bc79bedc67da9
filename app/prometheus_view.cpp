#include "app/prometheus_view.h"

#include <fmt/format.h>

#include "core/time.h"
#include "rules/promql/quoting.h"

namespace pilotlight::app {
namespace {

/// Quoted as YAML's double quotes take it, too.
std::string list_of(const std::vector<std::string>& texts) {
    std::string list;
    for (const std::string& text : texts)
        list += fmt::format("- {}\n", promql::quote(text));
    return list;
}

std::string yaml_of(const config::Config& config, const Labels& external_labels) {
    std::string yaml = fmt::format(
        "global:\n  scrape_interval: {}\n  scrape_timeout: {}\n  evaluation_interval: {}\n",
        format_duration(config.default_interval), format_duration(config.default_timeout),
        format_duration(config.evaluation_interval));
    if (!external_labels.empty()) yaml += "  external_labels:\n";
    for (const Label label : external_labels)
        yaml += fmt::format("    {}: {}\n", promql::quote(label.name), promql::quote(label.value));
    if (!config.rule_globs.empty()) yaml += "rule_files:\n" + list_of(config.rule_globs);
    return yaml;
}

}  // namespace

exporters::PrometheusView prometheus_view(const config::Config& first, const config::Config& now) {
    const config::Limits& limits = first.limits;
    exporters::PrometheusView view;
    view.yaml = yaml_of(now, first.external_labels);
    view.retention = format_duration(now.query_history);
    view.flags = {{"config.file", now.file},
                  {"query.lookback-delta", "5m"},
                  {"query.max-concurrency", std::to_string(limits.queries)},
                  {"query.max-samples", std::to_string(limits.query_samples)},
                  {"query.timeout", format_duration(limits.query_timeout)},
                  {"storage.tsdb.retention.time", view.retention},
                  {"web.enable-admin-api", "false"},
                  {"web.enable-lifecycle", "true"},
                  {"web.enable-remote-write-receiver", "false"}};
    return view;
}

}  // namespace pilotlight::app

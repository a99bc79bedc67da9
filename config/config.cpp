#include "config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "config/sections.h"
#include "config/yaml.h"

namespace pilotlight::config {
namespace {

namespace fs = std::filesystem;

/// The root, its sections still unread.
struct Draft : Config {
    Node defaults;
    Node promql;
    Node limits_node;
    Node services_node;
    Node targets_node;
    Node file_sd;
    Node dns_sd;
    Node http_sd;
    Node relabel;
    Node escalations_node;
    Node policies_node;
    Node receivers_node;
    Node dead_man_node;
    Node probe_endpoint_node;
};

void read_listen(const Node& node, Draft& draft, Errors& errors) {
    if (!node.is_scalar()) return expected_value(node, "HOST:PORT", errors);
    const auto address = parse_listen(node.scalar);
    if (!address) return expected_value(node, "HOST:PORT such as 127.0.0.1:9897", errors);
    draft.listen_host = address->host;
    draft.listen_port = address->port;
}

void read_external_url(const Node& node, Draft& draft, Errors& errors) {
    if (!node.is_scalar() || !is_web_url(node.scalar))
        return expected_value(node, "an http or https URL", errors);
    draft.external_url = node.scalar;
    while (draft.external_url.ends_with('/'))
        draft.external_url.pop_back();
}

void read_path(const Node& node, std::string& path, Errors& errors) {
    if (!node.is_scalar() || node.scalar.empty()) return expected_value(node, "a path", errors);
    path = node.scalar;
}

template <std::string Config::* Member>
void read_root_path(const Node& node, Draft& draft, Errors& errors) {
    read_path(node, draft.*Member, errors);
}

void read_probe_threads(const Node& node, Draft& draft, Errors& errors) {
    constexpr int kThreadsMax = 64;
    int threads = 0;
    const std::size_t before = errors.size();
    read_value(node, threads, errors);
    if (errors.size() != before) return;
    if (threads < 1 || threads > kThreadsMax) {
        return expected_value(node, fmt::format("an integer from 1 to {}", kThreadsMax), errors);
    }
    draft.probe_threads = threads;
}

void read_rule_files(const Node& node, Draft& draft, Errors& errors) {
    read_value(node, draft.rule_globs, errors);
    draft.rule_globs_where.clear();
    for (const Node& item : node.items)
        draft.rule_globs_where.push_back(item.where);
}

void read_web_config_file(const Node& node, Draft& draft, Errors& errors) {
    read_path(node, draft.web_config_file, errors);
    draft.web_config_where = node.where;
}

void read_alerting_file(const Node& node, Draft& draft, Errors& errors) {
    read_path(node, draft.alerting_file, errors);
    draft.alerting_file_where = node.where;
}

template <Node Draft::* Member>
void read_list(const Node& node, Draft& draft, Errors& errors) {
    if (!node.is_sequence()) return expected_value(node, "a list", errors);
    draft.*Member = node;
}

constexpr Option<Draft> kOptions[] = {
    option_read_by<Draft>(read_listen, "listen", "HOST:PORT", "127.0.0.1:9897",
                          "Where pages and APIs are served; `[::1]:9897` for IPv6, port 0 for any "
                          "that is free."),
    option_read_by<Draft>(read_web_config_file, "web_config_file", "path", "",
                          "TLS, logins and headers of the listener, in the exporter-toolkit's "
                          "format (`promtool check web-config`), read anew when it changes."),
    option_read_by<Draft>(read_external_url, "external_url", "URL", "",
                          "How people reach this Pilotlight: the links in messages."),
    option_read_by<Draft>(read_root_path<&Config::data_dir>, "data_dir", "path", "data",
                          "The folder of everything durable: one SQLite database."),
    option<&Draft::external_labels, Draft>("external_labels", "",
                                           "Labels that every alert gets on its way out."),
    option<&Draft::defaults>(
        "defaults", "", "What targets and rule groups have that do not say otherwise; see below."),
    option_read_by<Draft>(read_rule_files, "rule_files", "list of texts", "",
                          "Prometheus rule files: paths and globs."),
    option_read_by<Draft>(read_alerting_file, "alerting_file", "path", "",
                          "Routes and receivers, in Alertmanager's format."),
    option<&Draft::module_globs, Draft>("module_files", "",
                                        "Probe options in blackbox_exporter's format: paths and "
                                        "globs."),
    option_read_by<Draft>(read_list<&Draft::services_node>, "services", "list of sections", "",
                          "What people know: the lines of the status page; see below."),
    option_read_by<Draft>(read_list<&Draft::targets_node>, "targets", "list of sections", "",
                          "What is probed; see below."),
    option_read_by<Draft>(read_list<&Draft::file_sd>, "file_sd", "list of sections", "",
                          "Targets from files; see below."),
    option_read_by<Draft>(read_list<&Draft::escalations_node>, "escalations", "list of sections",
                          "", "The escalation matrix. Not acted on yet; see below."),
    option_read_by<Draft>(read_list<&Draft::policies_node>, "alert_policies", "list of sections",
                          "", "What a portable rule file cannot say of its alerts; see below."),
    option_read_by<Draft>(read_probe_threads, "probe_threads", "integer", "1",
                          "Threads that probe, at most 64. One does for thousands of targets."),
    option<&Draft::query_history, Draft>(
        "query_history", "0s",
        "How far back every series is kept for queries (`/api/v1/query_range`, Grafana). Series "
        "are kept as far as rules read them in any case; 1h of a million samples takes some 2 MB."),
    option<&Draft::limits_node>("limits", "", "Every limit that the daemon keeps; see below."),
    option<&Draft::promql>("promql", "", "The semantics of expressions; see below."),
    option_read_by<Draft>(read_list<&Draft::dns_sd>, "dns_sd", "list of sections", "",
                          "Targets from DNS, in Prometheus's form; see below."),
    option_read_by<Draft>(read_list<&Draft::http_sd>, "http_sd", "list of sections", "",
                          "Targets from a URL, in Prometheus's form; see below."),
    option_read_by<Draft>(read_list<&Draft::relabel>, "relabel_configs", "list of sections", "",
                          "Rewrites the labels of discovered targets; see below."),
    option<&Draft::probe_endpoint_node>("probe_endpoint", "",
                                        "What `/probe` may reach; see below."),
    option<&Draft::receivers_node>("receivers", "",
                                   "What Alertmanager's receivers cannot say, by name: fallbacks "
                                   "and patience; see below."),
    option<&Draft::dead_man_node>("dead_man", "",
                                  "The heartbeat that Pilotlight sends while it can judge and "
                                  "deliver; see below."),
};

template <Duration Config::* Member>
void read_positive(const Node& node, Config& config, Errors& errors) {
    Duration value{};
    const std::size_t before = errors.size();
    read_value(node, value, errors);
    if (errors.size() != before) return;
    if (value <= Duration{0}) return expected_value(node, "more than 0s", errors);
    config.*Member = value;
}

void read_default_confirm(const Node& node, Config& config, Errors& errors) {
    read_confirm(node, config.default_confirmation, errors);
    check_confirm(node, config.default_confirmation, Duration{0}, errors);
}

void read_default_recover(const Node& node, Config& config, Errors& errors) {
    read_recover(node, config.default_confirmation, errors);
}

constexpr Option<Config> kDefaultsOptions[] = {
    option_read_by<Config>(read_positive<&Config::default_interval>, "interval", "duration", "15s",
                           "How often a target is asked that gives no interval."),
    option_read_by<Config>(read_positive<&Config::default_timeout>, "timeout", "duration", "5s",
                           "The deadline of a probe whose target gives none; shorter where the "
                           "target's interval is."),
    option_read_by<Config>(read_default_confirm, "confirm", "section", "none",
                           "Probes that have to fail too before a failure of a target counts that "
                           "says nothing of it; see below."),
    option_read_by<Config>(read_default_recover, "recover", "section", "none",
                           "Probes that have to succeed before such a target is ok again; see "
                           "below."),
    option_read_by<Config>(read_positive<&Config::evaluation_interval>, "evaluation_interval",
                           "duration", "15s",
                           "The interval of rule groups that give none. Rules are evaluated when "
                           "a sample arrives, too."),
};

void read_compatibility(const Node& node, Config& config, Errors& errors) {
    if (node.is_scalar() && node.scalar == "2") {
        config.compatibility = Compatibility::prometheus2;
    } else if (node.is_scalar() && node.scalar == "3") {
        config.compatibility = Compatibility::prometheus3;
    } else {
        expected_value(node, "2 or 3", errors);
    }
}

constexpr Option<Config> kPromqlOptions[] = {
    option_read_by<Config>(read_compatibility, "compatibility", "2 or 3", "3",
                           "The Prometheus whose semantics hold: 2 closes ranges on both sides and "
                           "takes legacy names only."),
};

void resolve_paths(Reading& reading) {
    Config& config = reading.config;
    config.data_dir = reading.resolve(config.data_dir);
    if (!config.web_config_file.empty()) {
        config.web_config_file = reading.resolve(config.web_config_file);
    }
    if (!config.alerting_file.empty()) {
        config.alerting_file = reading.resolve(config.alerting_file);
    }
    for (std::string& pattern : config.rule_globs)
        pattern = reading.resolve(pattern);
    for (std::string& pattern : config.module_globs)
        pattern = reading.resolve(pattern);
}

/// Drops what follows from a variable that is not set: at its place that is the error. Then sorts
/// by place, the main file first.
void tidy(Errors& errors, std::size_t environment_errors, const std::string& main_file) {
    const auto first = errors.begin() + static_cast<std::ptrdiff_t>(environment_errors);
    errors.erase(std::remove_if(first, errors.end(),
                                [&](const Error& error) {
                                    return std::any_of(errors.begin(), first,
                                                       [&](const Error& unset) {
                                                           return unset.where == error.where;
                                                       });
                                }),
                 errors.end());
    std::ranges::stable_sort(errors, {}, [&](const Error& error) {
        return std::tuple(error.where.file != main_file, error.where.file, error.where.line,
                          error.where.column);
    });
}

Checked<std::shared_ptr<const Config>> read_config(Node root, const std::string& file,
                                                   const std::string& directory,
                                                   std::span<const std::string_view> probers) {
    Draft draft;
    draft.file = file;
    draft.directory = fs::absolute(directory.empty() ? "." : directory).lexically_normal();
    draft.files_read.push_back(file);
    Errors errors;
    expand_environment(root, errors);
    const std::size_t environment_errors = errors.size();
    Reading reading{.config = draft, .errors = errors, .probers = probers};
    read_options(root, kOptions, draft, errors);
    read_options<Config>(draft.defaults, kDefaultsOptions, draft, errors);
    read_options<Config>(draft.promql, kPromqlOptions, draft, errors);
    read_limits(draft.limits_node, reading);
    resolve_paths(reading);
    read_modules(reading);
    read_services(draft.services_node, reading);
    read_targets(draft.targets_node, reading);
    read_relabel_configs(draft.relabel, reading);
    read_file_sd(draft.file_sd, reading);
    read_dns_sd(draft.dns_sd, reading);
    read_http_sd(draft.http_sd, reading);
    read_escalations(draft.escalations_node, reading);
    read_alert_policies(draft.policies_node, reading);
    read_receiver_options(draft.receivers_node, reading);
    read_dead_man(draft.dead_man_node, reading);
    read_probe_endpoint(draft.probe_endpoint_node, reading);
    read_later_sections(root, reading);
    draft.modules = reading.modules;
    if (!errors.empty()) {
        tidy(errors, environment_errors, file);
        return std::unexpected(std::move(errors));
    }
    return std::make_shared<const Config>(std::move(static_cast<Config&>(draft)));
}

}  // namespace

bool is_web_url(std::string_view text) {
    return text.starts_with("http://") || text.starts_with("https://");
}

std::string Reading::resolve(const std::string& path) const {
    return (fs::path(config.directory) / path).lexically_normal();
}

void Reading::not_yet(const Node::Entry& entry, std::string_view meaning) const {
    config.not_yet.emplace_back(
        fmt::format("\"{}\" is read but not acted on yet: {}", entry.key, meaning),
        entry.key_where);
}

Checked<std::shared_ptr<const Config>> load_config(
    const std::string& path, std::span<const std::string_view> known_probers) {
    auto root = load_yaml(path);
    if (!root) return std::unexpected(Errors{root.error()});
    const fs::path directory = is_standard_input(path) ? "" : fs::path(path).parent_path();
    return read_config(std::move(*root), path, directory, known_probers);
}

Checked<std::shared_ptr<const Config>> parse_config(
    std::string_view text, const std::string& file, const std::string& directory,
    std::span<const std::string_view> known_probers) {
    auto root = parse_yaml(text, file);
    if (!root) return std::unexpected(Errors{root.error()});
    return read_config(std::move(*root), file, directory, known_probers);
}

SectionDocs root_docs() {
    return {"The root", "", docs_of(kOptions)};
}

SectionDocs defaults_docs() {
    return {"defaults", "What targets and rule groups have that do not say otherwise.",
            docs_of(kDefaultsOptions)};
}

SectionDocs promql_docs() {
    return {"promql", "", docs_of(kPromqlOptions)};
}

}  // namespace pilotlight::config

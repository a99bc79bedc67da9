#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/options.h"

/// The sections of pilotlight.yaml, each in its own file. What they read goes into one Config.
namespace pilotlight::config {

/// What the reading of one configuration carries from section to section.
struct Reading {
    Config& config;
    Errors& errors;
    std::span<const std::string_view> probers;
    std::shared_ptr<std::map<std::string, ModuleConfig>> modules =
        std::make_shared<std::map<std::string, ModuleConfig>>();
    /// The root's own, for every pattern.
    std::vector<RelabelRule> relabel = {};
    /// Where each target's name was first given.
    std::map<std::string, Location> names = {};

    /// `path` seen from the main file's folder.
    [[nodiscard]] std::string resolve(const std::string& path) const;
    /// Notes that a key is read but not acted on; `meaning` says what that means for the user.
    void not_yet(const Node::Entry& entry, std::string_view meaning) const;
};

/// What every read_... below takes is the section's node; null reads as nothing.
void read_services(const Node& node, Reading& reading);
void read_escalations(const Node& node, Reading& reading);
void read_alert_policies(const Node& node, Reading& reading);
void read_receiver_options(const Node& node, Reading& reading);
/// Reads the file that `url_file` names, too.
void read_dead_man(const Node& node, Reading& reading);
void read_limits(const Node& node, Reading& reading);
void read_modules(Reading& reading);
void read_targets(const Node& node, Reading& reading);
/// Before the sections whose targets it rewrites.
void read_relabel_configs(const Node& node, Reading& reading);
void read_file_sd(const Node& node, Reading& reading);
void read_dns_sd(const Node& node, Reading& reading);
void read_http_sd(const Node& node, Reading& reading);
void read_probe_endpoint(const Node& node, Reading& reading);
/// Notes the sections that this version does not act on.
void read_later_sections(const Node& root, Reading& reading);

/// As read_options(), for an entry of a list: one that says nothing is refused, since whoever wrote
/// it meant something.
template <class Section, std::size_t N>
void read_entry(const Node& node, const Option<Section> (&table)[N], Section& section,
                Errors& errors, std::span<const std::string_view> other_keys = {}) {
    if (node.is_null()) return expected_value(node, "a mapping", errors);
    read_options(node, table, section, errors, other_keys);
}

/// Whether it begins as an http or https URL does.
[[nodiscard]] bool is_web_url(std::string_view text);

/// Expects one of `words`.
void read_word(const Node& node, std::span<const std::string_view> words, std::string& out,
               Errors& errors);

/// The shortest interval of a target.
inline constexpr Duration kShortestInterval = std::chrono::milliseconds(10);

/// One target as a list entry gives it, its prober's section and module resolved; nothing where
/// that fails.
[[nodiscard]] std::optional<TargetConfig> read_target(const Node& node, Reading& reading);
/// The same without name and address, with relabel_configs: an entry of a discovery, whose own keys
/// `other_keys` are left to the caller.
[[nodiscard]] std::optional<TargetPattern> read_pattern(
    const Node& node, std::span<const std::string_view> other_keys, Reading& reading);
/// The module's section with the target's keys before it.
[[nodiscard]] Node merged_options(const Node* own, const ModuleConfig* module);
/// Reads the section `confirm`, of a target or of `defaults`.
void read_confirm(const Node& node, Confirmation& out, Errors& errors);
void read_recover(const Node& node, Confirmation& out, Errors& errors);
/// Whether a target's own `confirm` fits its interval; that of `defaults` has none.
void check_confirm(const Node& node, const Confirmation& confirmation, Duration interval,
                   Errors& errors);
/// Adds it unless its name is taken.
void add_target(TargetConfig target, Reading& reading);

/// One heading of docs/configuration.md.
struct SectionDocs {
    std::string_view title;
    std::string_view intro;
    std::vector<OptionDoc> rows;
};
[[nodiscard]] SectionDocs root_docs();
[[nodiscard]] SectionDocs defaults_docs();
[[nodiscard]] SectionDocs promql_docs();
[[nodiscard]] SectionDocs limits_docs();
[[nodiscard]] SectionDocs services_docs();
[[nodiscard]] SectionDocs targets_docs();
[[nodiscard]] std::vector<SectionDocs> confirmation_docs();
[[nodiscard]] SectionDocs file_sd_docs();
[[nodiscard]] std::vector<SectionDocs> discovery_docs();
[[nodiscard]] SectionDocs relabel_docs();
[[nodiscard]] SectionDocs modules_docs();
[[nodiscard]] std::vector<SectionDocs> escalations_docs();
[[nodiscard]] std::vector<SectionDocs> alert_policies_docs();
[[nodiscard]] std::vector<SectionDocs> receiver_options_docs();
[[nodiscard]] SectionDocs dead_man_docs();
[[nodiscard]] SectionDocs probe_endpoint_docs();

}  // namespace pilotlight::config

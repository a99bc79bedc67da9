#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "config/sections.h"
#include "config/yaml.h"

namespace pilotlight::config {
namespace {

struct FileSd {
    std::vector<std::string> files;
    Duration refresh_interval{};
};

constexpr Option<FileSd> kOptions[] = {
    option<&FileSd::files>("files", "required",
                           "Globs of .json, .yml and .yaml files. A path without wildcards must "
                           "be there."),
    option<&FileSd::refresh_interval>("refresh_interval", "",
                                      "Taken and not needed: the files are watched."),
};

/// A list of targets with the labels that all of them have.
struct Group {
    std::vector<Node> targets;
    Node labels;
};

constexpr Option<Group> kGroupOptions[] = {
    option<&Group::targets>("targets", "required", ""),
    option<&Group::labels>("labels", "", ""),
};

void read_group(const Node& node, std::vector<DiscoveredTarget>& targets, Errors& errors) {
    Group group;
    read_entry(node, kGroupOptions, group, errors);
    Labels labels;
    if (!group.labels.is_null()) read_value(group.labels, labels, errors);
    for (const Node& address : group.targets) {
        DiscoveredTarget target{.address = {}, .labels = labels, .where = address.where};
        const std::size_t before = errors.size();
        read_value(address, target.address, errors);
        if (errors.size() == before) targets.push_back(std::move(target));
    }
}

void read_file(const std::string& path, const Node& place, const TargetPattern& pattern,
               Reading& reading) {
    const std::string extension = std::filesystem::path(path).extension();
    if (extension != ".json" && extension != ".yml" && extension != ".yaml") {
        reading.errors.push_back(
            place.error(fmt::format("expected .json, .yml or .yaml files, got {}", path)));
        return;
    }
    const auto root = load_yaml(path);
    if (!root) {
        reading.errors.push_back(root.error());
        return;
    }
    for (DiscoveredTarget& each : read_target_groups(*root, reading.errors)) {
        LabelsBuilder labels(each.labels);
        each.labels = labels.set("__meta_filepath", path).build();
        auto target = make_target(pattern, each);
        if (!target) {
            reading.errors.push_back(std::move(target.error()));
        } else if (*target) {
            add_target(std::move(**target), reading);
        }
    }
}

}  // namespace

std::vector<DiscoveredTarget> read_target_groups(const Node& root, Errors& errors) {
    std::vector<DiscoveredTarget> targets;
    if (root.is_sequence()) {
        for (const Node& group : root.items)
            read_group(group, targets, errors);
    } else if (!root.is_null()) {
        expected_value(root, "a list of {targets: [...], labels: {...}}", errors);
    }
    return targets;
}

void read_file_sd(const Node& node, Reading& reading) {
    constexpr std::array<std::string_view, 2> kKeys{"files", "refresh_interval"};
    for (const Node& item : node.items) {
        FileSd file_sd;
        const auto pattern = read_pattern(item, kKeys, reading);
        if (item.is_mapping()) read_rows(item, kOptions, file_sd, reading.errors);
        if (!pattern) continue;
        std::vector<std::string> patterns;
        for (const std::string& file : file_sd.files) {
            patterns.push_back(reading.resolve(file));
            reading.config.files_read.push_back(patterns.back());
        }
        for (const std::string& path : expand_globs(patterns)) {
            read_file(path, *item.find("files"), *pattern, reading);
        }
    }
}

SectionDocs file_sd_docs() {
    return {"file_sd",
            "A list: targets from files in Prometheus's `file_sd` form, lists of "
            "`{targets: [...], labels: {...}}` in YAML or JSON. Besides the keys below an entry "
            "has those of a target, but `name` and `target`, for all its targets. A target's name "
            "is its label `target`, or else its address; its label `service` names its service. "
            "`relabel_configs` rewrite the labels.",
            docs_of(kOptions)};
}

}  // namespace pilotlight::config

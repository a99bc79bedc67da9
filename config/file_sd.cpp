#include <fmt/format.h>

#include <algorithm>
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

/// Puts a group's labels where they belong. `target` (or `__name`) names the target and `service`
/// its service; other labels that begin with __ are for relabelling only, as in Prometheus.
void apply_labels(const Node& labels, TargetConfig& target, Errors& errors) {
    LabelsBuilder builder(target.labels);
    Labels checked;
    read_value(labels, checked, errors);
    for (const Label& label : checked) {
        const std::string value(label.value);
        if (label.name == "target" || label.name == "__name") {
            target.name = value;
        } else if (label.name == "service") {
            target.service = value;
        } else if (label.name != "prober" && !label.name.starts_with("__")) {
            builder.set(label.name, value);
        }
    }
    target.labels = builder.build();
}

void read_group(const Node& node, const TargetConfig& pattern, Reading& reading) {
    Group group;
    read_options(node, kGroupOptions, group, reading.errors);
    TargetConfig common = pattern;
    if (!group.labels.is_null()) apply_labels(group.labels, common, reading.errors);
    for (const Node& address : group.targets) {
        TargetConfig target = common;
        const std::size_t before = reading.errors.size();
        read_value(address, target.target, reading.errors);
        if (reading.errors.size() != before) continue;
        target.where = address.where;
        if (target.name.empty()) target.name = target.instance();
        add_target(std::move(target), reading);
    }
}

void read_list(const std::string& path, const Node& place, const TargetConfig& pattern,
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
    } else if (root->is_sequence()) {
        for (const Node& group : root->items)
            read_group(group, pattern, reading);
    } else if (!root->is_null()) {
        expected_value(*root, "a list of {targets: [...], labels: {...}}", reading.errors);
    }
}

}  // namespace

void read_file_sd(const Node& node, Reading& reading) {
    for (const Node& item : node.items) {
        FileSd file_sd;
        const auto pattern = read_target(item, TargetForm::pattern, reading);
        if (item.is_mapping()) read_rows(item, kOptions, file_sd, reading.errors);
        if (!pattern) continue;
        std::vector<std::string> patterns;
        for (const std::string& file : file_sd.files) {
            patterns.push_back(reading.resolve(file));
            reading.config.files_read.push_back(patterns.back());
        }
        for (const std::string& path : expand_globs(patterns)) {
            read_list(path, *item.find("files"), *pattern, reading);
        }
    }
}

SectionDocs file_sd_docs() {
    return {"file_sd",
            "A list: targets from files in Prometheus's `file_sd` form, lists of "
            "`{targets: [...], labels: {...}}` in YAML or JSON. Besides the keys below an entry "
            "has those of a target, but `name` and `target`, for all its targets. A target's name "
            "is its label `target`, or else its address; its label `service` names its service.",
            docs_of(kOptions)};
}

}  // namespace pilotlight::config

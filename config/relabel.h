#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/document.h"
#include "core/error.h"
#include "core/labels.h"
#include "core/regexp.h"

namespace pilotlight::config {

/// One entry of `relabel_configs`, in the form and with the defaults of Prometheus's configuration.
struct RelabelRule {
    enum class Action {
        replace,
        keep,
        drop,
        keepequal,
        dropequal,
        hashmod,
        labelmap,
        labeldrop,
        labelkeep,
        lowercase,
        uppercase,
    };

    Action action = Action::replace;
    std::vector<std::string> source_labels;
    std::string separator = ";";
    /// Anchored at both ends.
    Regexp regex;
    std::string target_label;
    std::string replacement = "$1";
    std::uint64_t modulus = 0;

    bool operator==(const RelabelRule&) const = default;
};

/// The labels after all rules, one after the other; nothing where a rule drops the target.
/// Source: Prometheus's relabel.Process.
[[nodiscard]] std::optional<Labels> relabel(Labels labels, std::span<const RelabelRule> rules);

/// Reads a list of rules; what is wrong is appended to `errors`, each with its place.
[[nodiscard]] std::vector<RelabelRule> read_relabel_rules(const Node& node, Errors& errors);

}  // namespace pilotlight::config

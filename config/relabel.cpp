#include "config/relabel.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "config/options.h"
#include "config/sections.h"
#include "core/digest.h"

namespace pilotlight::config {
namespace {

using Action = RelabelRule::Action;

/// In the order of the enumerators.
constexpr std::array<std::string_view, 11> kActions{
    "replace",  "keep",      "drop",      "keepequal", "dropequal", "hashmod",
    "labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase"};

struct Draft {
    std::vector<std::string> source_labels;
    std::string separator = ";";
    std::string target_label;
    std::string regex = "(.*)";
    std::uint64_t modulus = 0;
    std::string replacement = "$1";
    std::string action = "replace";
};

void read_action(const Node& node, Draft& draft, Errors& errors) {
    if (!node.is_scalar()) return expected_value(node, "an action", errors);
    // Prometheus takes them in capitals, too.
    Node lower = node;
    std::ranges::transform(lower.scalar, lower.scalar.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    read_word(lower, kActions, draft.action, errors);
}

constexpr Option<Draft> kOptions[] = {
    option<&Draft::source_labels>("source_labels", "", "Labels whose values are joined."),
    option<&Draft::separator>("separator", ";", "What stands between them."),
    option<&Draft::target_label>("target_label", "", "The label that is set."),
    option<&Draft::regex>("regex", "(.*)", "What the joined values must match as a whole."),
    option<&Draft::modulus>("modulus", "", "Of the action `hashmod`."),
    option<&Draft::replacement>("replacement", "$1", "The new value, with the match's groups."),
    option_read_by<Draft>(
        read_action, "action",
        "replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, "
        "labelkeep, lowercase or uppercase",
        "replace", "What is done."),
};

bool sets_target(Action action) {
    return action == Action::replace || action == Action::hashmod || action == Action::lowercase ||
           action == Action::uppercase || action == Action::keepequal ||
           action == Action::dropequal;
}

/// What Prometheus refuses of a rule whose keys are well formed.
void check_rule(const Node& node, const Draft& draft, Action action, Errors& errors) {
    const auto refuse = [&](std::string_view key, std::string message) {
        const Node* at = node.find(key);
        errors.push_back((at == nullptr ? node : *at).error(std::move(message)));
    };
    if (sets_target(action) && draft.target_label.empty()) {
        refuse("action", fmt::format("the action \"{}\" needs a target_label", draft.action));
    }
    if (action == Action::hashmod && draft.modulus == 0) {
        refuse("action", "the action \"hashmod\" needs a modulus of 1 or more");
    }
    // A name that is made of a match's groups is looked at once it is made.
    const bool made = action == Action::replace && draft.target_label.contains('$');
    if (!draft.target_label.empty() && !made && !is_legacy_label_name(draft.target_label)) {
        refuse("target_label",
               fmt::format("expected a label's name, got \"{}\"", draft.target_label));
    }
    const auto only = [&](std::initializer_list<std::string_view> allowed) {
        for (const Node::Entry& entry : node.entries) {
            if (entry.key == "action" || std::ranges::find(allowed, entry.key) != allowed.end())
                continue;
            errors.emplace_back(
                fmt::format("the action \"{}\" takes no \"{}\"", draft.action, entry.key),
                entry.key_where);
        }
    };
    if (action == Action::labeldrop || action == Action::labelkeep) only({"regex"});
    if (action == Action::keepequal || action == Action::dropequal) {
        only({"source_labels", "target_label"});
    }
}

std::optional<RelabelRule> read_rule(const Node& node, Errors& errors) {
    Draft draft;
    const std::size_t before = errors.size();
    read_entry(node, kOptions, draft, errors);
    if (errors.size() != before) return std::nullopt;
    const auto action =
        static_cast<Action>(std::ranges::find(kActions, draft.action) - kActions.begin());
    check_rule(node, draft, action, errors);
    auto regex = Regexp::compile(draft.regex, Regexp::Anchor::both);
    if (!regex) {
        errors.push_back(node.find("regex")->error(regex.error().message));
        return std::nullopt;
    }
    return RelabelRule{.action = action,
                       .source_labels = std::move(draft.source_labels),
                       .separator = std::move(draft.separator),
                       .regex = std::move(*regex),
                       .target_label = std::move(draft.target_label),
                       .replacement = std::move(draft.replacement),
                       .modulus = draft.modulus};
}

std::string joined(const LabelsBuilder& labels, const RelabelRule& rule) {
    std::string value;
    for (const std::string& name : rule.source_labels) {
        if (&name != &rule.source_labels.front()) value += rule.separator;
        value += labels.get(name);
    }
    return value;
}

std::string in_case(std::string text, bool upper) {
    std::ranges::transform(text, text.begin(), [upper](char c) {
        const char from = upper ? 'a' : 'A';
        const bool other = c >= from && c <= from + 25;
        return other ? static_cast<char>(c ^ 0x20) : c;
    });
    return text;
}

void replace(const RelabelRule& rule, const std::string& value, LabelsBuilder& labels) {
    const auto name = rule.regex.expand(value, rule.target_label);
    if (!name || !is_legacy_label_name(*name)) return;
    labels.set(*name, *rule.regex.expand(value, rule.replacement));
}

/// labelmap, labeldrop, labelkeep: what looks at names.
void change_names(const RelabelRule& rule, LabelsBuilder& labels) {
    const Labels before = labels.build();
    for (const Label& label : before) {
        const bool matches = rule.regex.matches(label.name);
        if (rule.action == Action::labelmap) {
            const auto name = rule.regex.expand(label.name, rule.replacement);
            if (name && !name->empty()) labels.set(*name, label.value);
        } else if (matches == (rule.action == Action::labeldrop)) {
            labels.remove(label.name);
        }
    }
}

/// False drops the target.
bool apply(const RelabelRule& rule, LabelsBuilder& labels) {
    const std::string value = joined(labels, rule);
    switch (rule.action) {
        case Action::keep:
            return rule.regex.matches(value);
        case Action::drop:
            return !rule.regex.matches(value);
        case Action::keepequal:
            return labels.get(rule.target_label) == value;
        case Action::dropequal:
            return labels.get(rule.target_label) != value;
        case Action::replace:
            replace(rule, value, labels);
            return true;
        case Action::lowercase:
        case Action::uppercase:
            labels.set(rule.target_label, in_case(value, rule.action == Action::uppercase));
            return true;
        case Action::hashmod:
            labels.set(rule.target_label, std::to_string(md5_tail(value) % rule.modulus));
            return true;
        case Action::labelmap:
        case Action::labeldrop:
        case Action::labelkeep:
            change_names(rule, labels);
            return true;
    }
    PILOT_CHECK(false);
}

}  // namespace

std::optional<Labels> relabel(Labels labels, std::span<const RelabelRule> rules) {
    LabelsBuilder builder(labels);
    for (const RelabelRule& rule : rules) {
        if (!apply(rule, builder)) return std::nullopt;
    }
    return builder.build();
}

std::vector<RelabelRule> read_relabel_rules(const Node& node, Errors& errors) {
    std::vector<RelabelRule> rules;
    if (node.is_null()) return rules;
    if (!node.is_sequence()) {
        expected_value(node, "a list", errors);
        return rules;
    }
    for (const Node& item : node.items) {
        if (auto rule = read_rule(item, errors)) rules.push_back(std::move(*rule));
    }
    return rules;
}

void read_relabel_configs(const Node& node, Reading& reading) {
    reading.relabel = read_relabel_rules(node, reading.errors);
}

SectionDocs relabel_docs() {
    return {"relabel_configs",
            "A list of rules in Prometheus's form: what is done to the labels of each discovered "
            "target, one rule after the other, those of its own `file_sd`, `dns_sd` or `http_sd` "
            "entry before those of the root. They see `__address__`, the `__meta_...` labels of "
            "the discovery and its labels; afterwards `__param_target`, or else `__address__`, is "
            "what is probed, `__param_module` the module, `__scrape_interval__` and "
            "`__scrape_timeout__` its times, `target` its name, `service` its service; other "
            "labels that begin with `__` are dropped.",
            docs_of(kOptions)};
}

}  // namespace pilotlight::config

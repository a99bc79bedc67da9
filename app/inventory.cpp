#include "app/inventory.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

#include "core/hash.h"

namespace pilotlight::app {
namespace {

/// Names that are listed; the rest is counted.
constexpr std::size_t kNamesMax = 20;

std::uint64_t add(const std::vector<rules::Text>& texts, std::uint64_t hash) {
    for (const rules::Text& text : texts) {
        hash = hash_bytes(text.name, hash);
        hash = hash_bytes(text.source, hash);
    }
    return hash_bytes("end", hash);
}

std::uint64_t hash_of(const rules::RuleGroup& group, const rules::Rule& rule) {
    const std::string numbers = fmt::format(
        "{} {} {} {} {} {}", rule.is_alerting(), rule.hold.count(), rule.keep_firing_for.count(),
        group.interval.value_or(Duration(-1)).count(), group.query_offset.count(), group.limit);
    const std::uint64_t hash = hash_bytes(rule.expression, hash_bytes(numbers));
    return add(rule.annotations, add(rule.labels, hash));
}

std::optional<std::uint64_t> hash_of_file(const std::string& path) {
    std::error_code failed;
    if (!std::filesystem::is_regular_file(path, failed)) return std::nullopt;
    std::ifstream file(path, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    return hash_bytes(content);
}

/// What came, went and changed, by name.
struct Changes {
    std::vector<std::string> added;
    std::vector<std::string> removed;
    std::vector<std::string> changed;

    [[nodiscard]] bool empty() const { return added.empty() && removed.empty() && changed.empty(); }
};

Changes changes_of(const std::map<std::string, std::uint64_t>& before,
                   const std::map<std::string, std::uint64_t>& after) {
    Changes changes;
    for (const auto& [name, hash] : before) {
        const auto now = after.find(name);
        if (now == after.end()) {
            changes.removed.push_back(name);
        } else if (now->second != hash) {
            changes.changed.push_back(name);
        }
    }
    for (const auto& [name, hash] : after) {
        if (!before.contains(name)) changes.added.push_back(name);
    }
    return changes;
}

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), kNamesMax); ++i)
        text += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > kNamesMax) text += fmt::format(" and {} more", names.size() - kNamesMax);
    return text;
}

/// "2 targets added, 1 removed"; "" for none.
std::string counted(const Changes& changes, std::string_view one) {
    std::string text;
    for (const auto& [names, what] :
         {std::pair{&changes.added, "added"}, std::pair{&changes.removed, "removed"},
          std::pair{&changes.changed, "changed"}}) {
        if (names->empty()) continue;
        const std::string noun =
            text.empty() ? fmt::format(" {}{}", one, names->size() == 1 ? "" : "s") : "";
        text += fmt::format("{}{}{} {}", text.empty() ? "" : ", ", names->size(), noun, what);
    }
    return text;
}

void describe(const Changes& changes, std::string_view one, alerting::ChangeEvent& event) {
    const std::string count = counted(changes, one);
    if (!count.empty()) event.summary += fmt::format("; {}", count);
    for (const auto& [names, what] :
         {std::pair{&changes.added, "added"}, std::pair{&changes.removed, "removed"},
          std::pair{&changes.changed, "changed"}}) {
        if (!names->empty()) {
            event.details.emplace_back(fmt::format("{}s {}", one, what), listed(*names));
        }
    }
}

}  // namespace

Inventory inventory_of(const Loaded& loaded, std::span<const std::string> watched) {
    Inventory inventory;
    for (const std::string& path : config::expand_globs({watched.begin(), watched.end()})) {
        if (const auto hash = hash_of_file(path)) inventory.files.emplace(path, *hash);
    }
    for (const probes::PreparedTarget& target : loaded.targets) {
        inventory.targets.emplace(target.target->config.name, target.target->fingerprint);
    }
    for (const rules::RuleFile& file : loaded.rule_files) {
        for (const rules::RuleGroup& group : file.groups) {
            std::map<std::string_view, int> seen;
            for (const rules::Rule& rule : group.rules) {
                const int number = ++seen[rule.name];
                inventory.rules.emplace(
                    number == 1 ? fmt::format("{}/{}", group.name, rule.name)
                                : fmt::format("{}/{}#{}", group.name, rule.name, number),
                    hash_of(group, rule));
            }
        }
    }
    return inventory;
}

std::optional<alerting::ChangeEvent> difference(const Inventory& before, const Inventory& after) {
    const Changes files = changes_of(before.files, after.files);
    const Changes targets = changes_of(before.targets, after.targets);
    const Changes rules = changes_of(before.rules, after.rules);
    if (files.empty() && targets.empty() && rules.empty()) return std::nullopt;
    alerting::ChangeEvent event;
    event.source = config::machine_name();
    event.summary = "Pilotlight configuration reloaded";
    describe(targets, "target", event);
    describe(rules, "rule", event);
    describe(files, "file", event);
    // "reloaded: a; b", not "reloaded; a; b".
    event.summary[event.summary.find(';')] = ':';
    return event;
}

}  // namespace pilotlight::app

#include "rules/rule_id.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/hash.h"

namespace pilotlight::rules {

std::uint64_t rule_id(const RuleGroup& group, const Rule& rule, std::size_t repeat) {
    std::uint64_t hash = hash_bytes(group.file);
    hash = hash_bytes(group.name, hash);
    hash = hash_bytes(rule.is_alerting() ? "alert" : "record", hash);
    hash = hash_bytes(rule.name, hash);
    hash = hash_bytes(rule.expression, hash);
    hash = hash_bytes(fmt::format("{}", rule.hold.count()), hash);
    std::vector<const Text*> labels;
    for (const auto& label : rule.labels)
        labels.push_back(&label);
    std::ranges::sort(labels, {},
                      [](const Text* label) -> const std::string& { return label->name; });
    for (const Text* label : labels) {
        hash = hash_bytes(label->name, hash);
        hash = hash_bytes(label->source, hash);
    }
    return repeat == 0 ? hash : hash_bytes(fmt::format("{}", repeat), hash);
}

}  // namespace pilotlight::rules

#include "rules/promql/label_sets.h"

#include <algorithm>
#include <unordered_set>

#include "core/hash.h"

namespace pilotlight::promql {
namespace {

constexpr std::uint64_t kNoLabels = 0x9e3779b97f4a7c15U;

bool has(std::span<const std::string> names, std::string_view name) {
    // A handful at most: a scan beats a search.
    return std::ranges::find(names, name) != names.end();
}

constexpr std::string_view kTypeLabel = "__type__";
constexpr std::string_view kUnitLabel = "__unit__";

bool has_type(const Labels& labels) {
    for (const Label label : labels) {
        // Sorted: hardly a label comes before these.
        if (label.name > kUnitLabel) return false;
        if (label.name == kTypeLabel || label.name == kUnitLabel) return true;
    }
    return false;
}

template <class Keep>
Labels filtered(const Labels& labels, Keep keep) {
    std::vector<Label> kept;
    kept.reserve(labels.size());
    for (const Label label : labels) {
        if (keep(label.name)) kept.push_back(label);
    }
    return kept.size() == labels.size() ? labels : Labels::from_sorted(kept);
}

template <class Keep>
std::uint64_t hash_filtered(const Labels& labels, Keep keep) {
    std::uint64_t hash = kNoLabels;
    for (const Label label : labels) {
        if (!keep(label.name)) continue;
        hash = hash_bytes(label.name, hash);
        hash = hash_bytes(label.value, hash);
    }
    return hash;
}

}  // namespace

Labels without_name(const Item& item, bool type_too) {
    static const std::vector<std::string> kType{std::string(kTypeLabel), std::string(kUnitLabel)};
    if (type_too && has_type(item.labels)) return drop_labels(item.labels, kType, true);
    if (item.series != nullptr) return item.series->nameless_labels();
    return drop_labels(item.labels, {}, true);
}

Labels keep_labels(const Labels& labels, std::span<const std::string> names) {
    return filtered(labels, [&](std::string_view name) { return has(names, name); });
}

Labels drop_labels(const Labels& labels, std::span<const std::string> names, bool name_too) {
    return filtered(labels, [&](std::string_view name) {
        return !(name_too && name == kMetricName) && !has(names, name);
    });
}

std::uint64_t hash_of_kept(const Labels& labels, std::span<const std::string> names) {
    return hash_filtered(labels, [&](std::string_view name) { return has(names, name); });
}

std::uint64_t hash_of_rest(const Labels& labels, std::span<const std::string> names) {
    return hash_filtered(
        labels, [&](std::string_view name) { return name != kMetricName && !has(names, name); });
}

bool has_equal_labels(const Items& items) {
    if (items.size() < 2) return false;
    constexpr std::size_t kCompareAllMax = 8;
    if (items.size() <= kCompareAllMax) {
        for (std::size_t i = 1; i < items.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                if (items[i].labels == items[j].labels) return true;
            }
        }
        return false;
    }
    std::unordered_set<Labels> seen;
    seen.reserve(items.size());
    return !std::ranges::all_of(items,
                                [&](const Item& item) { return seen.insert(item.labels).second; });
}

std::vector<std::string> sorted_unique(std::vector<std::string> names) {
    std::ranges::sort(names);
    const auto rest = std::ranges::unique(names);
    names.erase(rest.begin(), rest.end());
    return names;
}

}  // namespace pilotlight::promql

#include "rules/series_by_row.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "rules/narrowed_expr.h"
#include "rules/row_match.h"

namespace pilotlight::rules {
namespace {

/// So few are looked at one by one: as quick as an index.
constexpr std::size_t kScanMax = 16;

std::vector<const series::Series*> select(const Matchers& matchers, std::string_view target,
                                          const series::Store& store) {
    if (target.empty()) return store.select(matchers);
    Matchers narrowed = matchers;
    auto only = Matcher::make(std::string(kTargetLabel), Matcher::Op::equal, std::string(target));
    if (only) narrowed.push_back(std::move(*only));
    return store.select(narrowed);
}

void add(std::size_t& hash, std::string_view value) {
    constexpr std::size_t kGoldenRatio = 0x9e3779b97f4a7c15;
    hash ^= std::hash<std::string_view>()(value) + kGoldenRatio + (hash << 6U) + (hash >> 2U);
}

bool has_names(const Labels& row, const std::vector<std::string>& names) {
    std::size_t at = 0;
    for (const Label label : row) {
        if (label.name == kMetricName) continue;
        if (at == names.size() || names[at] != label.name) return false;
        ++at;
    }
    return at == names.size();
}

std::size_t hash_of(const Labels& row) {
    std::size_t hash = 0;
    for (const Label label : row) {
        if (label.name != kMetricName) add(hash, label.value);
    }
    return hash;
}

/// Nothing where the series has not all of them: it may be of several rows.
std::optional<std::size_t> hash_of(const Labels& series, const std::vector<std::string>& names) {
    std::size_t hash = 0;
    for (const std::string& name : names) {
        const std::string_view value = series.get(name);
        if (value.empty()) return std::nullopt;
        add(hash, value);
    }
    return hash;
}

}  // namespace

std::vector<const series::Series*> SeriesByRow::find(const Matchers& matchers, const Labels& row,
                                                     const series::Store& store) {
    const std::string_view target = row.get(kTargetLabel);
    const auto [found, is_new] = parts_.try_emplace({&matchers, std::string(target)});
    Part& part = found->second;
    if (is_new) part.all = select(matchers, target, store);
    std::vector<const series::Series*> shared;
    const auto take = [&](const series::Series* series) {
        if (shares_labels(series->labels(), row)) shared.push_back(series);
    };
    if (++part.asked == 2 && part.all.size() > kScanMax) index(part, row);
    if (part.names.empty() || !has_names(row, part.names)) {
        std::ranges::for_each(part.all, take);
        return shared;
    }
    const auto [begin, end] = part.whole.equal_range(hash_of(row));
    for (auto at = begin; at != end; ++at)
        take(at->second);
    std::ranges::for_each(part.partial, take);
    return shared;
}

void SeriesByRow::index(Part& part, const Labels& row) {
    for (const Label label : row) {
        if (label.name != kMetricName) part.names.emplace_back(label.name);
    }
    part.whole.reserve(part.all.size());
    for (const series::Series* series : part.all) {
        if (const auto hash = hash_of(series->labels(), part.names)) {
            part.whole.emplace(*hash, series);
        } else {
            part.partial.push_back(series);
        }
    }
}

}  // namespace pilotlight::rules

#include "series/name_entry.h"

#include "core/check.h"

namespace pilotlight::series {
namespace {

/// Up to this many series are looked at one by one: as quick as an index, and no memory.
constexpr std::size_t kScanMax = 32;

}  // namespace

void NameEntry::add(std::uint32_t slot, const Labels& labels) {
    slots.push_back(slot);
    for (auto& [label, index] : indexes)
        index.add(labels.get(label), slot);
}

void NameEntry::remove(std::uint32_t slot, std::uint32_t position, const Labels& labels) {
    PILOT_CHECK(position < slots.size() && slots[position] == slot);
    slots[position] = slots.back();
    slots.pop_back();
    for (auto& [label, index] : indexes)
        index.remove(labels.get(label), slot);
}

LabelIndex& NameEntry::index(const std::string& label, const std::deque<Series>& all) {
    const auto [found, is_new] = indexes.try_emplace(label);
    if (is_new) {
        for (const std::uint32_t slot : slots) {
            found->second.add(all[slot].labels().get(label), slot);
        }
    }
    return found->second;
}

std::span<const std::uint32_t> NameEntry::candidates(std::span<const Matcher> matchers,
                                                     const std::deque<Series>& all) {
    std::span<const std::uint32_t> fewest = slots;
    for (const Matcher& matcher : matchers) {
        if (fewest.size() <= kScanMax) break;
        if (matcher.op() != Matcher::Op::equal || matcher.name() == kMetricName) continue;
        const auto& found = index(matcher.name(), all).find(matcher.value());
        if (found.size() < fewest.size()) fewest = found;
    }
    return fewest;
}

}  // namespace pilotlight::series

#include "series/label_index.h"

#include <algorithm>

#include "core/hash.h"

namespace pilotlight::series {

void LabelIndex::add(std::string_view value, std::uint32_t slot) {
    slots_[hash_bytes(value)].push_back(slot);
}

void LabelIndex::remove(std::string_view value, std::uint32_t slot) {
    const auto found = slots_.find(hash_bytes(value));
    if (found == slots_.end()) return;
    Slots& slots = found->second;
    const auto at = std::ranges::find(slots, slot);
    if (at == slots.end()) return;
    *at = slots.back();
    slots.pop_back();
    if (slots.empty()) slots_.erase(found);
}

const LabelIndex::Slots& LabelIndex::find(std::string_view value) const {
    static const Slots kNone;
    const auto found = slots_.find(hash_bytes(value));
    return found == slots_.end() ? kNone : found->second;
}

std::size_t LabelIndex::bytes() const {
    // A node of the map: next pointer, hash and vector.
    constexpr std::size_t kNodeBytes = 48;
    std::size_t bytes = slots_.bucket_count() * sizeof(void*);
    for (const auto& [hash, slots] : slots_) {
        bytes += kNodeBytes + slots.capacity() * sizeof(std::uint32_t);
    }
    return bytes;
}

}  // namespace pilotlight::series

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pilotlight::series {

/// A hash set of slot numbers that keeps no keys: who asks says what a slot's hash is and whether
/// it is the one. Linear probing; removing shifts back, so there are no tombstones.
class SlotTable {
  public:
    static constexpr std::uint32_t kNone = 0xffffffff;

    /// The slot with this hash for which `is_it(slot)`, or kNone.
    template <class IsIt>
    [[nodiscard]] std::uint32_t find(std::uint64_t hash, IsIt is_it) const {
        if (slots_.empty()) return kNone;
        for (std::size_t at = home(hash);; at = next(at)) {
            const std::uint32_t slot = slots_[at];
            if (slot == kNone || is_it(slot)) return slot;
        }
    }

    /// Precondition: `slot` is not in the table.
    template <class HashOf>
    void insert(std::uint64_t hash, std::uint32_t slot, HashOf hash_of) {
        if ((count_ + 1) * 4 > slots_.size() * 3) grow(hash_of);
        place(hash, slot);
        ++count_;
    }

    /// Precondition: `slot` is in the table under `hash`.
    template <class HashOf>
    void remove(std::uint64_t hash, std::uint32_t slot, HashOf hash_of) {
        std::size_t hole = home(hash);
        while (slots_[hole] != slot)
            hole = next(hole);
        for (std::size_t at = next(hole); slots_[at] != kNone; at = next(at)) {
            // What lies in its home or between home and hole's successor must stay.
            const std::size_t wanted = home(hash_of(slots_[at]));
            if (((at - wanted) & mask()) < ((at - hole) & mask())) continue;
            slots_[hole] = slots_[at];
            hole = at;
        }
        slots_[hole] = kNone;
        --count_;
    }

    [[nodiscard]] std::size_t bytes() const { return slots_.capacity() * sizeof(std::uint32_t); }

  private:
    [[nodiscard]] std::size_t mask() const { return slots_.size() - 1; }
    [[nodiscard]] std::size_t home(std::uint64_t hash) const {
        return (hash ^ hash >> 32) & mask();
    }
    [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & mask(); }

    void place(std::uint64_t hash, std::uint32_t slot) {
        std::size_t at = home(hash);
        while (slots_[at] != kNone)
            at = next(at);
        slots_[at] = slot;
    }

    template <class HashOf>
    void grow(HashOf hash_of) {
        std::vector<std::uint32_t> old(slots_.empty() ? 16 : slots_.size() * 2, kNone);
        old.swap(slots_);
        for (const std::uint32_t slot : old) {
            if (slot != kNone) place(hash_of(slot), slot);
        }
    }

    std::vector<std::uint32_t> slots_;
    std::size_t count_ = 0;
};

}  // namespace pilotlight::series

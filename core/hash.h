#pragma once

#include <cstdint>
#include <string_view>

namespace pilotlight {

/// FNV-1a, 64 bit, with a closing separator byte, so that ("ab","c") and ("a","bc") differ when
/// chained by `seed`. Stable across versions and machines: schedules and dedup keys rest on it.
[[nodiscard]] constexpr std::uint64_t hash_bytes(std::string_view bytes,
                                                 std::uint64_t seed = 0xcbf29ce484222325U) {
    constexpr std::uint64_t kPrime = 0x100000001b3U;
    std::uint64_t hash = seed;
    for (const char c : bytes) {
        hash ^= static_cast<unsigned char>(c);
        hash *= kPrime;
    }
    hash ^= 0xffU;
    return hash * kPrime;
}

}  // namespace pilotlight

#include "series/chunk.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "core/check.h"

namespace pilotlight::series {
namespace {

/// How a difference of time steps is written: a prefix, then so many bits of two's complement.
struct StepClass {
    std::uint64_t prefix;
    int prefix_bits;
    int bits;
};
// Wider than the paper's: our times are milliseconds, and probes jitter by some.
constexpr StepClass kStepClasses[] = {
    {0b10, 2, 8}, {0b110, 3, 14}, {0b1110, 4, 20}, {0b1111, 4, 64}};

bool fits(std::int64_t value, int bits) {
    if (bits == 64) return true;
    const std::int64_t bound = std::int64_t{1} << (bits - 1);
    return value >= -bound && value < bound;
}

std::uint64_t low_bits(std::uint64_t value, int bits) {
    return bits == 64 ? value : value & ((std::uint64_t{1} << bits) - 1);
}

}  // namespace

void Chunk::append(Point point) {
    const std::int64_t at = point.at.time_since_epoch().count();
    const auto value = std::bit_cast<std::uint64_t>(point.value);
    PILOT_CHECK(count_ < std::numeric_limits<std::uint16_t>::max());
    PILOT_CHECK(count_ == 0 || at > last_at_);
    if (count_ == 0) {
        first_at_ = at;
        write(static_cast<std::uint64_t>(at), 64);
        write(value, 64);
    } else {
        append_time(at);
        append_value(value);
    }
    last_at_ = at;
    last_value_ = value;
    ++count_;
}

void Chunk::append_time(std::int64_t at) {
    // Unsigned: differences of times far apart may wrap, and reading wraps them back.
    const auto step = static_cast<std::int64_t>(static_cast<std::uint64_t>(at) -
                                                static_cast<std::uint64_t>(last_at_));
    const auto change = static_cast<std::int64_t>(static_cast<std::uint64_t>(step) -
                                                  static_cast<std::uint64_t>(last_step_));
    last_step_ = step;
    if (change == 0) {
        write(0, 1);
        return;
    }
    for (const StepClass& step_class : kStepClasses) {
        if (!fits(change, step_class.bits)) continue;
        write(step_class.prefix, step_class.prefix_bits);
        write(low_bits(static_cast<std::uint64_t>(change), step_class.bits), step_class.bits);
        return;
    }
}

void Chunk::append_value(std::uint64_t bits) {
    const std::uint64_t difference = bits ^ last_value_;
    if (difference == 0) {
        write(0, 1);
        return;
    }
    // Five bits say how many zeros lead: 31 at most.
    const int leading = std::min(std::countl_zero(difference), 31);
    const int trailing = std::countr_zero(difference);
    if (leading_ != 0xff && leading >= leading_ && trailing >= trailing_) {
        write(0b10, 2);
        write(difference >> trailing_, 64 - leading_ - trailing_);
        return;
    }
    leading_ = static_cast<std::uint8_t>(leading);
    trailing_ = static_cast<std::uint8_t>(trailing);
    const int significant = 64 - leading - trailing;
    write(0b11, 2);
    write(static_cast<std::uint64_t>(leading), 5);
    // 64 significant bits are written as 0: none is impossible here.
    write(static_cast<std::uint64_t>(significant & 63), 6);
    write(difference >> trailing, significant);
}

void Chunk::write(std::uint64_t value, int bits) {
    while (bits > 0) {
        if (free_bits_ == 0) {
            bits_.push_back(0);
            free_bits_ = 8;
        }
        const int now = std::min<int>(bits, free_bits_);
        const std::uint64_t part = low_bits(value >> (bits - now), now);
        bits_.back() |= static_cast<std::uint8_t>(part << (free_bits_ - now));
        free_bits_ = static_cast<std::uint8_t>(free_bits_ - now);
        bits -= now;
    }
}

Point ChunkReader::next() {
    if (first_) {
        at_ = static_cast<std::int64_t>(read(64));
        value_ = read(64);
        first_ = false;
    } else {
        read_time();
        read_value();
    }
    return {WallTime(Duration(at_)), std::bit_cast<double>(value_)};
}

void ChunkReader::read_time() {
    std::uint64_t change = 0;
    if (read_bit()) {
        int which = 0;
        while (which < 3 && read_bit())
            ++which;
        const int bits = kStepClasses[which].bits;
        change = read(bits);
        const bool negative = bits < 64 && (change >> (bits - 1)) != 0;
        if (negative) change |= ~std::uint64_t{0} << bits;
    }
    step_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(step_) + change);
    at_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(at_) +
                                    static_cast<std::uint64_t>(step_));
}

void ChunkReader::read_value() {
    if (!read_bit()) return;
    if (read_bit()) {
        leading_ = static_cast<int>(read(5));
        const int significant = static_cast<int>(read(6));
        trailing_ = 64 - leading_ - (significant == 0 ? 64 : significant);
    }
    value_ ^= read(64 - leading_ - trailing_) << trailing_;
}

std::uint64_t ChunkReader::read(int bits) {
    // Eight bytes at once hold any 57 bits that begin within the first.
    constexpr int kBitsAtOnce = 57;
    const std::size_t byte = position_ >> 3;
    if (bits > kBitsAtOnce || byte + sizeof(std::uint64_t) > bits_.size()) {
        return read_slowly(bits);
    }
    std::uint64_t word = 0;
    std::memcpy(&word, bits_.data() + byte, sizeof word);
    static_assert(std::endian::native == std::endian::little);
    word = __builtin_bswap64(word) << (position_ & 7U);
    position_ += static_cast<std::size_t>(bits);
    return word >> (64 - bits);
}

std::uint64_t ChunkReader::read_slowly(int bits) {
    std::uint64_t value = 0;
    while (bits > 0) {
        const int used = static_cast<int>(position_ & 7U);
        const int now = std::min(bits, 8 - used);
        const auto byte = static_cast<unsigned>(bits_[position_ >> 3]);
        value = value << now | ((byte >> (8 - used - now)) & ((1U << now) - 1U));
        position_ += static_cast<std::size_t>(now);
        bits -= now;
    }
    return value;
}

}  // namespace pilotlight::series

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/time.h"

namespace pilotlight::series {

struct Point {
    WallTime at;
    double value = 0;
};

/// Up to 65,535 samples in time order as a bit stream: times as differences of differences,
/// values as the XOR with the one before. A regular gauge costs 1-3 bytes a sample.
/// Source: the Gorilla paper (Pelkonen and others, VLDB 2015), sections 4.1.1 and 4.1.2.
class Chunk {
  public:
    /// Precondition: later than the newest sample.
    void append(Point point);
    /// Gives back what the buffer holds in reserve; for chunks that get no more samples.
    void seal() { bits_.shrink_to_fit(); }

    [[nodiscard]] std::size_t size() const { return count_; }
    [[nodiscard]] WallTime first_at() const { return WallTime(Duration(first_at_)); }
    [[nodiscard]] WallTime last_at() const { return WallTime(Duration(last_at_)); }
    [[nodiscard]] std::size_t bytes() const { return bits_.capacity(); }

    /// Calls `visit(Point)` for every sample in order until it returns false.
    template <class Visit>
    void for_each(Visit visit) const;

  private:
    void write(std::uint64_t value, int bits);
    void append_time(std::int64_t at);
    void append_value(std::uint64_t bits);

    std::vector<std::uint8_t> bits_;
    std::int64_t first_at_ = 0;
    std::int64_t last_at_ = 0;
    std::int64_t last_step_ = 0;
    std::uint64_t last_value_ = 0;
    std::uint16_t count_ = 0;
    /// Bits free in the last byte.
    std::uint8_t free_bits_ = 0;
    std::uint8_t leading_ = 0xff;
    std::uint8_t trailing_ = 0;
};

/// Reads a Chunk from its start.
class ChunkReader {
  public:
    explicit ChunkReader(std::span<const std::uint8_t> bits) : bits_(bits) {}
    /// Precondition: called at most Chunk::size() times.
    Point next();

  private:
    std::uint64_t read(int bits);
    bool read_bit() { return read(1) != 0; }
    void read_time();
    void read_value();

    std::uint64_t read_slowly(int bits);

    std::span<const std::uint8_t> bits_;
    std::size_t position_ = 0;
    std::int64_t at_ = 0;
    std::int64_t step_ = 0;
    std::uint64_t value_ = 0;
    int leading_ = 0;
    int trailing_ = 0;
    bool first_ = true;
};

template <class Visit>
void Chunk::for_each(Visit visit) const {
    ChunkReader reader(bits_);
    for (std::size_t i = 0; i < count_; ++i) {
        if (!visit(reader.next())) return;
    }
}

}  // namespace pilotlight::series

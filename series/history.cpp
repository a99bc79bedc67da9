#include "series/history.h"

#include <algorithm>

namespace pilotlight::series {
namespace {

/// A chunk ends at this size: decoding starts at a chunk's start, and only whole chunks are
/// dropped.
constexpr std::size_t kChunkSamplesMax = 120;
/// Below this a chunk's own overhead outweighs what an earlier drop would save.
constexpr std::size_t kChunkSamplesMin = 16;

bool is_full(const Chunk& chunk, Duration retention) {
    if (chunk.size() >= kChunkSamplesMax) return true;
    return chunk.size() >= kChunkSamplesMin && chunk.last_at() - chunk.first_at() >= retention / 4;
}

}  // namespace

void History::append(Point point, Duration retention) {
    if (chunks_.empty() || is_full(chunks_.back(), retention)) {
        if (!chunks_.empty()) chunks_.back().seal();
        // `retention` may be "for ever": no subtraction that could overflow.
        if (point.at.time_since_epoch() > Duration::min() + retention) {
            drop_before(point.at - retention);
        }
        chunks_.emplace_back();
    }
    chunks_.back().append(point);
}

void History::drop_before(WallTime oldest) {
    const auto kept = std::ranges::find_if(
        chunks_, [&](const Chunk& chunk) { return chunk.last_at() >= oldest; });
    chunks_.erase(chunks_.begin(), kept);
}

std::optional<Point> History::last_at(WallTime at) const {
    const auto after = std::ranges::upper_bound(chunks_, at, {}, &Chunk::first_at);
    if (after == chunks_.begin()) return std::nullopt;
    std::optional<Point> found;
    std::prev(after)->for_each([&](Point point) {
        if (point.at > at) return false;
        found = point;
        return true;
    });
    return found;
}

void History::points(WallTime from, WallTime to, std::vector<Point>& out) const {
    auto chunk = std::ranges::lower_bound(chunks_, from, {}, &Chunk::last_at);
    for (; chunk != chunks_.end() && chunk->first_at() <= to; ++chunk) {
        chunk->for_each([&](Point point) {
            if (point.at > to) return false;
            if (point.at >= from) out.push_back(point);
            return true;
        });
    }
}

std::unique_ptr<History> History::copy(WallTime from, WallTime to) const {
    auto copied = std::make_unique<History>();
    auto chunk = std::ranges::lower_bound(chunks_, from, {}, &Chunk::last_at);
    for (; chunk != chunks_.end() && chunk->first_at() <= to; ++chunk) {
        copied->chunks_.push_back(*chunk);
    }
    return copied;
}

std::size_t History::size() const {
    std::size_t count = 0;
    for (const Chunk& chunk : chunks_)
        count += chunk.size();
    return count;
}

std::size_t History::bytes() const {
    std::size_t bytes = sizeof(History) + chunks_.capacity() * sizeof(Chunk);
    for (const Chunk& chunk : chunks_)
        bytes += chunk.bytes();
    return bytes;
}

}  // namespace pilotlight::series

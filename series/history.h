#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/time.h"
#include "series/chunk.h"

namespace pilotlight::series {

/// The samples of one series over its retention, oldest first, in compressed chunks.
class History {
  public:
    /// Precondition: later than the newest. Chunks that lie wholly before `at - retention` go.
    void append(Point point, Duration retention);

    [[nodiscard]] std::optional<Point> last_at(WallTime at) const;
    /// Appends the samples with from <= time <= to to `out`, in order.
    void points(WallTime from, WallTime to, std::vector<Point>& out) const;

    /// The chunks with samples from `from` to `to`, and so a few samples around; may be empty.
    [[nodiscard]] std::unique_ptr<History> copy(WallTime from, WallTime to) const;

    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] std::size_t bytes() const;

  private:
    void drop_before(WallTime oldest);

    std::vector<Chunk> chunks_;
};

}  // namespace pilotlight::series

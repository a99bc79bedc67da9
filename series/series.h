#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/labels.h"
#include "core/time.h"
#include "series/history.h"

namespace pilotlight::series {

struct NameEntry;

/// How long a value of a series that is expected each `interval` stays valid: at least the 5
/// minutes of Prometheus, and long enough that one missed probe does not make it vanish.
[[nodiscard]] Duration lookback_for(Duration interval);

/// One series taken out of a Store by value: what a reader on another thread needs of it.
struct SeriesCopy {
    Labels labels;
    Point newest;
    Duration lookback{0};
    /// Null where the series has none.
    std::unique_ptr<History> history;

    [[nodiscard]] std::size_t samples() const;
    /// Of samples; labels are shared with the series.
    [[nodiscard]] std::size_t bytes() const;
};

/// One series of a Store: its labels, newest sample, and history where one is kept.
/// Thread: the Store's owner.
class Series {
  public:
    [[nodiscard]] const Labels& labels() const { return labels_; }
    /// The labels without the metric name, made once on demand.
    [[nodiscard]] const Labels& nameless_labels() const;

    /// Stale markers included.
    [[nodiscard]] Point newest() const { return {WallTime(Duration(newest_at_)), newest_value_}; }
    /// The last sample at or before `at`, a stale marker too; nothing where none is kept.
    [[nodiscard]] std::optional<Point> last_at(WallTime at) const;
    /// Appends the samples with from <= time <= to, stale markers included, in order.
    void points(WallTime from, WallTime to, std::vector<Point>& out) const;
    /// The newest sample and what history there is from `from` to `to`; from the series' own
    /// lookback before `from`, so that values at `from` are there too.
    [[nodiscard]] SeriesCopy copy(WallTime from, WallTime to) const;
    /// How many samples are kept.
    [[nodiscard]] std::size_t samples() const;

    /// The lookback that its own interval asks for; 0 where the interval is unknown.
    [[nodiscard]] Duration lookback() const { return std::chrono::seconds(lookback_seconds_); }

  private:
    friend class Store;

    Labels labels_;
    mutable Labels nameless_;
    std::int64_t newest_at_ = 0;
    double newest_value_ = 0;
    std::unique_ptr<History> history_;
    NameEntry* name_ = nullptr;
    std::uint32_t lookback_seconds_ = 0;
    std::uint32_t generation_ = 0;
    /// Where the series stands in its name's list.
    std::uint32_t position_ = 0;
};

}  // namespace pilotlight::series

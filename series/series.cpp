#include "series/series.h"

#include <algorithm>

namespace pilotlight::series {

Duration lookback_for(Duration interval) {
    constexpr Duration kLeast = std::chrono::minutes(5);
    // Two intervals bridge one missed probe; the minute is for a slow one.
    constexpr Duration kSlack = std::chrono::minutes(1);
    return std::max(kLeast, 2 * interval + kSlack);
}

const Labels& Series::nameless_labels() const {
    const bool has_name = !labels_.metric_name().empty();
    if (!has_name) return labels_;
    if (nameless_.empty() && labels_.size() > 1) {
        nameless_ = LabelsBuilder(labels_).remove(kMetricName).build();
    }
    return nameless_;
}

std::optional<Point> Series::last_at(WallTime at) const {
    if (WallTime(Duration(newest_at_)) <= at) return newest();
    return history_ == nullptr ? std::nullopt : history_->last_at(at);
}

void Series::points(WallTime from, WallTime to, std::vector<Point>& out) const {
    if (history_ != nullptr) {
        history_->points(from, to, out);
    } else if (const Point point = newest(); point.at >= from && point.at <= to) {
        out.push_back(point);
    }
}

SeriesCopy Series::copy(WallTime from, WallTime to) const {
    SeriesCopy copied{
        .labels = labels_, .newest = newest(), .lookback = lookback(), .history = nullptr};
    if (history_ != nullptr) copied.history = history_->copy(from - lookback(), to);
    return copied;
}

std::size_t SeriesCopy::samples() const {
    return history == nullptr ? 1 : 1 + history->size();
}

std::size_t SeriesCopy::bytes() const {
    return sizeof(SeriesCopy) + (history == nullptr ? 0 : history->bytes());
}

std::size_t Series::samples() const {
    return history_ == nullptr ? 1 : history_->size();
}

}  // namespace pilotlight::series

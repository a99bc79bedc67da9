#include "rules/recorded_series.h"

#include <iterator>
#include <utility>

#include "rules/narrowed_expr.h"

namespace pilotlight::rules {

void RecordedSeries::append(const Into& into, Part part, std::vector<Sample> samples,
                            std::vector<Sample>& recorded) {
    std::unordered_map<std::string, std::unordered_set<Labels>> before;
    if (!part) {
        before.swap(series_);
    } else if (auto own = series_.extract(std::string(*part))) {
        before.insert(std::move(own));
    }
    for (const auto& sample : samples) {
        into.store.append(sample.labels, into.at, sample.value, into.interval);
        const std::string target(sample.labels.get(kTargetLabel));
        if (const auto own = before.find(target); own != before.end()) {
            own->second.erase(sample.labels);
        }
        series_[target].insert(sample.labels);
    }
    for (const auto& [target, gone] : before) {
        for (const auto& labels : gone) {
            into.store.append(labels, into.at, stale_marker(), into.interval);
            samples.push_back({labels, stale_marker()});
        }
    }
    recorded.insert(recorded.end(), std::make_move_iterator(samples.begin()),
                    std::make_move_iterator(samples.end()));
}

void RecordedSeries::end(series::Store& store, WallTime now, std::vector<Sample>& recorded) {
    for (const auto& [target, series] : series_) {
        for (const auto& labels : series) {
            store.append(labels, now, stale_marker());
            recorded.push_back({labels, stale_marker()});
        }
    }
    series_.clear();
}

}  // namespace pilotlight::rules

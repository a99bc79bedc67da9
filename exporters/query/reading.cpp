#include "exporters/query/reading.h"

#include <utility>

namespace pilotlight::query {
namespace {

/// Series between two looks at the clock: tens of microseconds where they have long histories.
constexpr std::size_t kSeriesBetweenLooks = 64;
constexpr auto kGiveUpAsked = std::chrono::milliseconds(20);

}  // namespace

Reading::Reading(std::vector<Read> reads, What what, ReadingLimits limits)
    : reads_(std::move(reads)), what_(what), limits_(limits) {}

bool Reading::step(const series::Store& store, const std::function<bool()>& slice_over) {
    const std::lock_guard lock(mutex_);
    while (!over_) {
        if (read_ == reads_.size()) {
            over_ = true;
            break;
        }
        const Read& read = reads_[read_];
        const bool more =
            store.visit_some(read.matchers, where_, kSeriesBetweenLooks,
                             [&](const series::Series& series) { copy(series, read); });
        if (!more) {
            ++read_;
            where_ = {};
        }
        over_ = too_much_ || read_ == reads_.size();
        if (!over_ && slice_over()) return false;
    }
    changed_.notify_all();
    return true;
}

void Reading::copy(const series::Series& series, const Read& read) {
    if (too_much_) return;
    if (what_ == What::labels_only) {
        if (series.newest().at < read.from) return;
        copies_.push_back({.labels = series.labels(),
                           .newest = series.newest(),
                           .lookback = {},
                           .history = nullptr});
    } else {
        copies_.push_back(series.copy(read.from, read.to));
        samples_ += copies_.back().samples();
    }
    bytes_ += copies_.back().bytes();
    too_much_ =
        copies_.size() > limits_.series || samples_ > limits_.samples || bytes_ > limits_.bytes;
}

Reading::Outcome Reading::wait(const std::function<bool()>& give_up) {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, kGiveUpAsked, [&] { return over_; })) {
        if (!give_up()) continue;
        over_ = true;
        // Freed here: the owner of the store must not be the one who does it.
        const Copies unused = std::exchange(copies_, {});
        lock.unlock();
        return Outcome::given_up;
    }
    return too_much_ ? Outcome::too_much : Outcome::complete;
}

Reading::Copies Reading::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(copies_, {});
}

}  // namespace pilotlight::query

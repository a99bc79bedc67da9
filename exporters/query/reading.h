#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "exporters/query/reads.h"
#include "series/store.h"

namespace pilotlight::query {

struct ReadingLimits {
    std::size_t series = 1'000'000;
    std::size_t samples = 50'000'000;
    std::size_t bytes = std::size_t{256} << 20;
};

/// Copies what a query reads out of a store that belongs to another thread, a slice at a time: the
/// owner copies for as long as it likes and does its own work in between.
/// Thread: step() is the store owner's, the rest is the reader's; both hold it by shared_ptr.
class Reading {
  public:
    using Copies = std::vector<series::SeriesCopy>;

    enum class Outcome {
        complete,
        /// A limit was reached.
        too_much,
        /// The reader's `give_up` said so; the copies are gone.
        given_up,
    };

    /// `labels_only`: without samples, series that have ended before `from` left out; for names.
    enum class What { samples, labels_only };

    Reading(std::vector<Read> reads, What what, ReadingLimits limits);

    /// Copies until `slice_over` says so, which is asked every few dozen series. True when there is
    /// nothing more to do.
    bool step(const series::Store& store, const std::function<bool()>& slice_over);

    /// Waits until the copies are complete, asking `give_up` several times a second.
    [[nodiscard]] Outcome wait(const std::function<bool()>& give_up);
    /// What was copied, some series perhaps twice. Call it after wait().
    [[nodiscard]] Copies take();

  private:
    void copy(const series::Series& series, const Read& read);

    const std::vector<Read> reads_;
    const What what_;
    const ReadingLimits limits_;

    std::mutex mutex_;
    std::condition_variable changed_;
    bool over_ = false;
    bool too_much_ = false;
    Copies copies_;
    std::size_t samples_ = 0;
    std::size_t bytes_ = 0;
    std::size_t read_ = 0;
    series::Store::Where where_;
};

}  // namespace pilotlight::query

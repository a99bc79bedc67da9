#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <deque>
#include <memory>

#include "exporters/query/reading.h"
#include "series/store.h"

namespace pilotlight::app {

/// Copies for queries what they read of the engine's series, so that no decision waits for it: one
/// reading at a time, in slices of a few milliseconds, and at most a fifth of the loop's time.
/// Thread: the engine loop's.
class SeriesReader {
  public:
    /// `store` outlives this.
    SeriesReader(const boost::asio::any_io_executor& executor, const series::Store& store);
    SeriesReader(const SeriesReader&) = delete;
    SeriesReader& operator=(const SeriesReader&) = delete;
    ~SeriesReader();

    /// In the order in which they come.
    void add(std::shared_ptr<query::Reading> reading);
    /// No more slices; readings that are not over never will be.
    void stop();

  private:
    class Rest;

    void turn();

    const series::Store& store_;
    std::deque<std::shared_ptr<query::Reading>> waiting_;
    std::unique_ptr<Rest> rest_;
};

}  // namespace pilotlight::app

#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "exporters/query/descriptions.h"
#include "exporters/query/gate.h"
#include "exporters/query/job.h"
#include "exporters/site.h"

namespace pilotlight::query {

struct ServiceOptions {
    /// Hands a reading to the owner of the series, who steps it until it is over; false while there
    /// is no owner. Returns at once.
    std::function<bool(std::shared_ptr<Reading>)> read;
    /// For /api/v1/metadata.
    std::function<Described()> described;
    Limits limits;
    Gate::Room room;
};

/// Prometheus's query API. Each query copies what it reads out of the store, evaluates the copy on
/// a thread that gives way to all others, and is bounded in time, samples and bytes; so queries
/// neither hold up the owner of the series nor the rest of the pages.
/// Thread: any; requests wait on the threads that bring them.
class Service {
  public:
    Service(ServiceOptions options, const Semantics& semantics);
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    /// Of the next requests.
    void set_semantics(const Semantics& semantics);
    /// Ends the queries that run, and refuses others. Call it before the server is stopped.
    void stop() { stopping_ = true; }

    /// Their handlers refer to this.
    [[nodiscard]] std::vector<exporters::ExtraRoute> routes();

    /// Answers a request to one of the routes' paths.
    [[nodiscard]] exporters::Response answer(const exporters::Request& request, WallTime now);

  private:
    Answer<Job> job_of(const exporters::Request& request, WallTime now) const;
    exporters::Response run(const exporters::Request& request, const Job& job);
    exporters::Response work(const exporters::Request& request, const Job& job,
                             Reading::Copies copies, const Over& over);
    Answer<Reading::Copies> read(const Job& job, const Over& over);
    Answer<std::string> quick_answer(const exporters::Request& request) const;
    [[nodiscard]] ApiError ended(std::string_view where) const;
    [[nodiscard]] Semantics semantics() const;

    ServiceOptions options_;
    Gate gate_;
    std::atomic<bool> stopping_ = false;
    mutable std::mutex mutex_;
    Semantics semantics_;
};

}  // namespace pilotlight::query

#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/sample.h"
#include "core/time.h"

namespace pilotlight::app {

/// One probe that /probe was asked for. No secrets.
struct PastProbe {
    std::uint64_t id = 0;
    WallTime at{};
    std::string module;
    std::string target;
    bool successful = false;
    /// Whether clients anywhere may see it.
    bool is_open = false;
    /// What happened, line by line.
    std::string log;
    /// What it measured; null where that was too much to keep.
    SharedBatch batch;
};
using SharedPastProbe = std::shared_ptr<const PastProbe>;

/// The last probes, and of those before the last that failed. Thread: any.
class ProbeHistory {
  public:
    static constexpr std::size_t kKept = 100;
    static constexpr std::size_t kSamplesMax = 1'000;

    /// Gives it its id.
    void add(PastProbe probe);
    [[nodiscard]] SharedPastProbe by_id(std::uint64_t id) const;
    /// The newest one of that target.
    [[nodiscard]] SharedPastProbe by_target(std::string_view target) const;
    /// Newest first.
    [[nodiscard]] std::vector<SharedPastProbe> all() const;

  private:
    mutable std::mutex mutex_;
    std::uint64_t next_id_ = 0;
    /// Oldest first; every failure is older than every one of the last.
    std::deque<SharedPastProbe> failures_;
    std::deque<SharedPastProbe> last_;
};

}  // namespace pilotlight::app

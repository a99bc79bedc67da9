#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/labels.h"
#include "core/sample.h"
#include "core/time.h"
#include "series/store.h"

namespace pilotlight::rules {

/// What one rule recorded last, by target, so that what it does not record any more ends at once.
class RecordedSeries {
  public:
    /// All that the rule records, or what carries one target ("" for none).
    using Part = std::optional<std::string_view>;
    struct Into {
        series::Store& store;
        WallTime at;
        /// How often it is expected; see series::Store::append.
        Duration interval{};
    };

    /// `samples` are all that there is of `part` now: appends them to the store and to `recorded`,
    /// and a stale marker for each series of that part that is not among them.
    void append(const Into& into, Part part, std::vector<Sample> samples,
                std::vector<Sample>& recorded);
    /// The rule is gone.
    void end(series::Store& store, WallTime now, std::vector<Sample>& recorded);

  private:
    std::unordered_map<std::string, std::unordered_set<Labels>> series_;
};

}  // namespace pilotlight::rules

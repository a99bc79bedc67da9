#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/labels.h"
#include "core/matcher.h"
#include "series/store.h"

namespace pilotlight::rules {

/// Which series a row can be made from, for many rows of one evaluation: what a selector gives of a
/// target is selected once, and found by the labels of the rows from the second row on.
/// Thread: the store's. It holds pointers to series: not beyond the evaluation.
class SeriesByRow {
  public:
    /// The series that `matchers` select and that share the row's labels (shares_labels). A row's
    /// target is part of the selection, so that the store can look it up. `matchers` is known by
    /// its address, and outlives this.
    [[nodiscard]] std::vector<const series::Series*> find(const Matchers& matchers,
                                                          const Labels& row,
                                                          const series::Store& store);

  private:
    /// What one selector gives of one target.
    struct Part {
        std::vector<const series::Series*> all;
        std::size_t asked = 0;
        /// Of the labels of rows that it is indexed by, in their order; empty while it is not.
        std::vector<std::string> names;
        /// Series that have all of them, by a hash of their values.
        std::unordered_multimap<std::size_t, const series::Series*> whole;
        std::vector<const series::Series*> partial;
    };
    static void index(Part& part, const Labels& row);

    std::map<std::pair<const Matchers*, std::string>, Part> parts_;
};

}  // namespace pilotlight::rules

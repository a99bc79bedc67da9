#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/matcher.h"
#include "series/label_index.h"
#include "series/series.h"

namespace pilotlight::series {

/// What a Store knows of one metric name: its series, how long they are kept, and the indexes that
/// selectors have asked for.
struct NameEntry {
    explicit NameEntry(std::string text) : name(std::move(text)) {}

    std::string name;
    Duration retention{0};
    std::vector<std::uint32_t> slots;
    std::map<std::string, LabelIndex, std::less<>> indexes;

    void add(std::uint32_t slot, const Labels& labels);
    /// Precondition: slots[position] == slot. The last one takes its place.
    void remove(std::uint32_t slot, std::uint32_t position, const Labels& labels);

    /// Slots among which all are that the matchers match; the fewest that an index can give.
    [[nodiscard]] std::span<const std::uint32_t> candidates(std::span<const Matcher> matchers,
                                                            const std::deque<Series>& all);

  private:
    LabelIndex& index(const std::string& label, const std::deque<Series>& all);
};

}  // namespace pilotlight::series

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pilotlight::series {

/// Which series of one metric name have a label's value: built for the labels that selectors ask
/// for, so that memory follows the rules. Values are known by their hash only: what is found must
/// still be matched.
class LabelIndex {
  public:
    using Slots = std::vector<std::uint32_t>;

    void add(std::string_view value, std::uint32_t slot);
    void remove(std::string_view value, std::uint32_t slot);
    /// Slots that may have the value; all that have it are among them.
    [[nodiscard]] const Slots& find(std::string_view value) const;
    [[nodiscard]] std::size_t bytes() const;

  private:
    std::unordered_map<std::uint64_t, Slots> slots_;
};

}  // namespace pilotlight::series

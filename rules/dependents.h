#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/matcher.h"
#include "rules/promql/selectors.h"

namespace pilotlight::rules {

/// Which rules read a metric name. Rules are known by their number in evaluation order.
class Dependents {
  public:
    void add(std::uint32_t rule, const std::vector<promql::SelectorUse>& selectors);

    /// In ascending order, each once. Cost: one look-up; the first for a name costs a match for
    /// each selector that fixes none.
    [[nodiscard]] const std::vector<std::uint32_t>& of(std::string_view name);

  private:
    struct NameHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view name) const {
            return std::hash<std::string_view>{}(name);
        }
    };
    /// A selector without a fixed name, by its conditions on the name.
    struct Unnamed {
        Matchers on_name;
        std::uint32_t rule = 0;
    };
    using ByName =
        std::unordered_map<std::string, std::vector<std::uint32_t>, NameHash, std::equal_to<>>;

    ByName named_;
    std::vector<Unnamed> unnamed_;
    /// Answers given, so that a name is matched once.
    ByName answers_;
};

}  // namespace pilotlight::rules

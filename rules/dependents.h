#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/matcher.h"
#include "core/sample.h"
#include "rules/promql/selectors.h"

namespace pilotlight::rules {

/// Which rules read a metric name or a series. Rules are known by their number in evaluation
/// order; answers are in ascending order, each rule once.
class Dependents {
  public:
    void add(std::uint32_t rule, const std::vector<promql::SelectorUse>& selectors);

    /// Cost: one look-up; the first for a name costs a match for each selector that fixes none.
    [[nodiscard]] const std::vector<std::uint32_t>& of(std::string_view name);

    /// The rules that may read a series of the batch: of each selector its name and one equality
    /// are looked at, so that of ten thousand rules on one name, each for one series, only those
    /// run that have news. Cost: some look-ups for each sample.
    [[nodiscard]] std::vector<std::uint32_t> of(const SampleBatch& batch);

  private:
    using Rules = std::vector<std::uint32_t>;
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
    template <class Value>
    using ByText = std::unordered_map<std::string, Value, NameHash, std::equal_to<>>;
    /// A selector of a fixed name.
    struct Named {
        Matchers matchers;
        std::uint32_t rule = 0;
    };
    /// Rules that one look at a sample finds.
    struct Found {
        Rules rules;
        /// The look that found them last: they need not be taken twice.
        std::uint64_t taken = 0;
    };
    /// What is known of one metric name once it was asked for.
    struct Answer {
        Rules all;
        Found any_series;
        std::map<std::string, ByText<Found>> by_label;
    };

    Answer& answer(std::string_view name);
    static void index(const std::vector<Named>& selectors, Answer& answer);
    void take(Found& found, Rules& into) const;

    ByText<std::vector<Named>> named_;
    std::vector<Unnamed> unnamed_;
    ByText<Answer> answers_;
    std::uint64_t looks_ = 0;
};

}  // namespace pilotlight::rules

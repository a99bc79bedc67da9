#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "rules/promql/compatibility.h"
#include "rules/promql/value.h"

namespace pilotlight::promql {

class Frame;
struct Item;
using Items = std::vector<Item>;

/// One function of the language: what the type checker and the evaluator need. The tables are in
/// functions_*.cpp, one for each family.
struct Function {
    enum class Since : std::uint8_t { always, only_2, from_3 };

    std::string_view name;
    /// `none` behind the last one.
    std::array<ValueType, 6> arguments{};
    /// 0: all arguments are asked for; n: the last may be left out or stand up to n times; -1: the
    /// last may be left out or stand any number of times.
    int variadic = 0;
    ValueType returns = ValueType::vector;
    /// One of the two, by `returns`.
    Items (*vector)(Frame& frame) = nullptr;
    double (*scalar)(Frame& frame) = nullptr;
    Since since = Since::always;

    [[nodiscard]] std::size_t argument_count() const;
};

/// Null where there is none of this name.
[[nodiscard]] const Function* find_function(std::string_view name, Compatibility compatibility);

/// Every function of every family, in no order.
[[nodiscard]] std::vector<const Function*> all_functions();

/// The families.
[[nodiscard]] std::span<const Function> rate_functions();
[[nodiscard]] std::span<const Function> over_time_functions();
[[nodiscard]] std::span<const Function> trend_functions();
[[nodiscard]] std::span<const Function> math_functions();
[[nodiscard]] std::span<const Function> time_functions();
[[nodiscard]] std::span<const Function> label_functions();
[[nodiscard]] std::span<const Function> shape_functions();
[[nodiscard]] std::span<const Function> histogram_functions();
[[nodiscard]] std::span<const Function> info_functions();

}  // namespace pilotlight::promql

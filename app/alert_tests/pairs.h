#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace pilotlight::app {

/// Gives as many of `left` as can be one of `right` that fits, each to one only: what stands in
/// the answer for each of `left`. Cost: left² · right calls of `fits` at worst.
/// Source: Kuhn's augmenting paths.
[[nodiscard]] std::vector<std::optional<std::size_t>> pair_up(
    std::size_t left, std::size_t right,
    const std::function<bool(std::size_t left, std::size_t right)>& fits);

}  // namespace pilotlight::app

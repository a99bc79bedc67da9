#pragma once

#include <span>
#include <string_view>

/// Code that must take any bytes: it may refuse them, but not crash, stall or contradict itself.
/// A target states what must hold by PILOT_CHECK.
namespace pilotlight::fuzz {

struct Target {
    std::string_view name;
    void (*run)(std::string_view input);
};

/// Every target of fuzz/CMakeLists.txt.
[[nodiscard]] std::span<const Target> targets();
/// Null where there is none of that name.
[[nodiscard]] const Target* find_target(std::string_view name);

}  // namespace pilotlight::fuzz

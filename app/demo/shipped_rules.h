#pragma once

#include <span>
#include <string_view>

namespace pilotlight::app::demo {

/// A file of rules/shipped, embedded in the program by the build, unit tests left out.
struct ShippedRuleFile {
    std::string_view name;
    std::string_view content;
};
[[nodiscard]] std::span<const ShippedRuleFile> shipped_rules();

}  // namespace pilotlight::app::demo

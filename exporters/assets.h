#pragma once

#include <span>
#include <string_view>

namespace pilotlight::exporters {

/// A file of dashboards/status, embedded in the program by the build.
struct Asset {
    std::string_view name;
    std::string_view content;
};

/// All of them, sorted by name.
[[nodiscard]] std::span<const Asset> assets();

/// The asset of that name, or null.
[[nodiscard]] const Asset* find_asset(std::string_view name);

}  // namespace pilotlight::exporters

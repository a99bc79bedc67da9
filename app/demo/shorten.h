#pragma once

#include <string>
#include <string_view>

namespace pilotlight::app::demo {

/// A rule file with its times shortened, so that a minute shows what otherwise takes an hour:
/// `for`, `keep_firing_for` and `interval` to a sixtieth (at least 1 s), ranges `[5m]` to a
/// twentieth (at least 10 s). Everything else stays to the letter, thresholds above all.
[[nodiscard]] std::string shorten_times(std::string_view rule_file);

}  // namespace pilotlight::app::demo

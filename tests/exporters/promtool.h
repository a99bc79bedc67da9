#pragma once

#include <string>

namespace pilotlight::exporters {

/// What the real promtool (package prometheus) says of a text.
struct Verdict {
    /// 0: clean; 3: readable, but the linter has remarks; 1: not readable.
    int exit_code = -1;
    std::string said;
};

/// `promtool check metrics` with the text as its input.
[[nodiscard]] Verdict promtool_check_metrics(const std::string& text);

}  // namespace pilotlight::exporters

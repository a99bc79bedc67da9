#pragma once

#include <string>
#include <vector>

#include "core/error.h"
#include "core/matcher.h"

namespace pilotlight::app {

/// Matchers as words of the command line: `job=api`, `'job=~"a.*"'`, several in one word with
/// commas between. As with amtool, a word without an operator is an alert's name.
[[nodiscard]] Result<Matchers> read_matcher_words(const std::vector<std::string>& words);

/// `filter=...&filter=...` for the alert API; "" for none.
[[nodiscard]] std::string filter_of(const Matchers& matchers);

}  // namespace pilotlight::app

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace pilotlight::probes::host {

/// The whole of a kernel file, at most 4 MiB. Fails with its path and the reason.
[[nodiscard]] Result<std::string> read_kernel_file(const std::string& path);

/// Without the newlines; a last one without a newline counts.
[[nodiscard]] std::vector<std::string_view> lines_of(std::string_view text);

/// What blanks part.
[[nodiscard]] std::vector<std::string_view> words_of(std::string_view line);

[[nodiscard]] std::optional<double> number_of(std::string_view word);

}  // namespace pilotlight::probes::host

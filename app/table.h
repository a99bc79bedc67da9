#pragma once

#include <string>
#include <vector>

namespace pilotlight::app {

/// Prints rows to standard output, the columns aligned. The first row is the titles.
void print_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace pilotlight::app

#pragma once

#include <string>
#include <string_view>

#include "core/document.h"
#include "core/error.h"

namespace pilotlight::config {

/// Parses one YAML document (JSON is YAML). Fails with place and reason on a syntax error, a
/// duplicate key, a second document, or more than 10 MiB, 100 levels or 1,000,000 nodes (aliases
/// counted as often as they are used, so that none can explode). `file` is for the places.
[[nodiscard]] Result<Node> parse_yaml(std::string_view text, const std::string& file);

/// Reads the file and parses it. Blocks on the disk.
[[nodiscard]] Result<Node> load_yaml(const std::string& path);

/// Replaces `${VAR}` and `${VAR:-default}` in every scalar from the environment; `$${` stands for
/// `${`. An unset variable without a default is an error that names it.
void expand_environment(Node& node, Errors& errors);

}  // namespace pilotlight::config

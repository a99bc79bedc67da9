#pragma once

#include <string>
#include <string_view>

#include "core/document.h"
#include "core/error.h"

namespace pilotlight::config {

/// What becomes of a second document in the file. Prometheus reads the first one and says nothing
/// of the rest, which would silence whatever stands there.
enum class MoreDocuments { refuse, ignore };

/// Parses one YAML document (JSON is YAML). Merge keys (`<<`) are carried out: the mapping's own
/// keys win, then the earlier source. Fails with place and reason on a syntax error, a duplicate
/// key, text that is not UTF-8, or more than 10 MiB, 100 levels or 1,000,000 nodes (aliases counted
/// as often as they are used, so that none can explode). An empty text is a null node. `file` is
/// for the places.
[[nodiscard]] Result<Node> parse_yaml(std::string_view text, const std::string& file,
                                      MoreDocuments more = MoreDocuments::refuse);

/// Whether the path stands for standard input: `-` or /dev/stdin.
[[nodiscard]] bool is_standard_input(std::string_view path);

/// Reads the file and parses it; what cannot be read is an error without a line. Standard input
/// (once), pipes and devices are files too. Blocks.
[[nodiscard]] Result<Node> load_yaml(const std::string& path,
                                     MoreDocuments more = MoreDocuments::refuse);

/// Replaces `${VAR}` and `${VAR:-default}` (for unset or empty) in every scalar value from the
/// environment; `$${` stands for `${`. An unset variable without a default is an error that names
/// it. What is no variable's name stays as it is: `${1}` belongs to regular expressions.
void expand_environment(Node& node, Errors& errors);

}  // namespace pilotlight::config

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"
#include "core/regexp.h"
#include "probes/json_path.h"
#include "probes/redaction.h"

/// `body_json`: what an answer's body must hold, as JSON.
namespace pilotlight::probes {

/// A value to compare with, and how a message may show it.
struct JsonExpectation {
    JsonLiteral literal;
    std::string shown;
};

/// All that is set must hold for each value that the path selects, of which there must be one at
/// least; unless it is about their number.
struct JsonCondition {
    std::optional<JsonPath> path;
    std::optional<bool> exists;
    std::optional<JsonExpectation> equals;
    std::optional<JsonExpectation> not_equals;
    std::optional<Regexp> matches;
    std::optional<Regexp> not_matches;
    std::optional<JsonExpectation> contains;
    std::optional<double> greater_than;
    std::optional<double> at_least;
    std::optional<double> less_than;
    std::optional<double> at_most;
    std::optional<int> count;
    std::optional<int> count_at_least;
    std::optional<int> count_at_most;
};

/// Reads the list. A path that cannot be read is told with its column.
void read_json_conditions(const Node& node, std::vector<JsonCondition>& out, Errors& errors);

/// Nothing where all conditions hold; else one line with the first path that does not, and the
/// value that was there, without secrets and cut.
[[nodiscard]] std::optional<std::string> broken_json_condition(
    const std::vector<JsonCondition>& conditions, std::string_view body,
    const HideSecrets& hide = {});

}  // namespace pilotlight::probes

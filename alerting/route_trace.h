#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "alerting/routing_config.h"
#include "core/labels.h"

namespace pilotlight::alerting {

/// What the routing tree made of an alert: one node, with those below it.
struct RouteTrace {
    enum class Verdict {
        /// The alert goes to its receiver.
        taken,
        /// It matches, and a route below takes the alert.
        passed_on,
        no_match,
        /// A sibling before it matched and does not continue, or the parent does not match.
        not_asked,
    };
    struct Matched {
        /// `name=~"value"`.
        std::string matcher;
        /// The label's value; "" where the alert has none.
        std::string value;
        bool matches = false;
    };

    /// Lives as long as the configuration.
    const Route* route = nullptr;
    Verdict verdict = Verdict::not_asked;
    /// Every matcher, asked or not; empty where the route takes all.
    std::vector<Matched> matched;
    std::vector<RouteTrace> routes;
};

/// "taken", "passed_on", "no_match", "not_asked".
[[nodiscard]] std::string_view to_string(RouteTrace::Verdict verdict);

/// The whole tree; what is taken are the routes of matching_routes().
[[nodiscard]] RouteTrace trace_routes(const Route& root, const Labels& labels);

}  // namespace pilotlight::alerting

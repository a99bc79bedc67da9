#include "alerting/route_trace.h"

#include <algorithm>

namespace pilotlight::alerting {
namespace {

using Verdict = RouteTrace::Verdict;

RouteTrace trace(const Route& route, const Labels& labels, bool asked,
                 const std::vector<const Route*>& taken) {
    RouteTrace traced;
    traced.route = &route;
    for (const Matcher& matcher : route.matchers) {
        traced.matched.push_back({matcher.to_string(), std::string(labels.get(matcher.name())),
                                  matcher.matches(labels)});
    }
    const bool matches = all_match(route.matchers, labels);
    bool ask_children = asked && matches;
    if (!asked) {
        traced.verdict = Verdict::not_asked;
    } else if (!matches) {
        traced.verdict = Verdict::no_match;
    } else {
        const bool takes = std::ranges::find(taken, &route) != taken.end();
        traced.verdict = takes ? Verdict::taken : Verdict::passed_on;
    }
    for (const Route& child : route.routes) {
        traced.routes.push_back(trace(child, labels, ask_children, taken));
        const bool child_matches = traced.routes.back().verdict == Verdict::taken ||
                                   traced.routes.back().verdict == Verdict::passed_on;
        if (child_matches && !child.continues) ask_children = false;
    }
    return traced;
}

}  // namespace

std::string_view to_string(RouteTrace::Verdict verdict) {
    switch (verdict) {
        case Verdict::taken:
            return "taken";
        case Verdict::passed_on:
            return "passed_on";
        case Verdict::no_match:
            return "no_match";
        case Verdict::not_asked:
            break;
    }
    return "not_asked";
}

RouteTrace trace_routes(const Route& root, const Labels& labels) {
    return trace(root, labels, true, matching_routes(root, labels));
}

}  // namespace pilotlight::alerting

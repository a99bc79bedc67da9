#include "app/routes_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>

#include "alerting/route_trace.h"
#include "alerting/routing_config.h"
#include "app/command_line.h"
#include "app/load.h"
#include "config/config.h"
#include "config/yaml.h"

namespace pilotlight::app {

using alerting::InhibitRule;
using alerting::Route;
using alerting::RouteTrace;
using alerting::RoutingConfig;
using nlohmann::ordered_json;

namespace {

constexpr const char* kMainFile = "pilotlight.yaml";

/// What the answer is about.
struct Asked {
    alerting::SharedRouting routing;
    /// As receivers see them.
    Labels labels;
    WallTime at{};
};

struct Files {
    alerting::SharedRouting routing;
    Labels external_labels;
};

Checked<Files> load(const RoutesOptions& options) {
    Files files;
    std::string path = options.alerting;
    if (path.empty()) {
        auto config = config::load_config(options.config.empty() ? kMainFile : options.config,
                                          prober_names());
        if (!config) return std::unexpected(std::move(config.error()));
        files.external_labels = (*config)->external_labels;
        path = (*config)->alerting_file;
        if (path.empty()) {
            files.routing = alerting::empty_routing();
            return files;
        }
    }
    const auto document = config::load_yaml(path);
    if (!document) return std::unexpected(Errors{document.error()});
    auto routing = alerting::read_alerting_config_without_secrets(*document);
    if (!routing) return std::unexpected(std::move(routing.error()));
    files.routing = std::move(*routing);
    return files;
}

void print(const Errors& errors) {
    for (const Error& error : errors)
        std::cerr << error.to_string() << '\n';
}

Result<Labels> read_labels(const std::vector<std::string>& words, const Labels& external) {
    LabelsBuilder labels(external);
    for (const std::string& word : words) {
        const std::size_t equals = word.find('=');
        if (equals == std::string::npos || equals == 0) {
            return fail(fmt::format("expected LABEL=VALUE, got \"{}\"", word));
        }
        std::string_view value = std::string_view(word).substr(equals + 1);
        // As amtool has it: the quotes of a matcher do no harm.
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
            value = value.substr(1, value.size() - 2);
        }
        labels.set(std::string_view(word).substr(0, equals), value);
    }
    return labels.build();
}

Result<WallTime> read_time(const std::string& text) {
    if (text.empty()) return wall_now();
    std::int64_t seconds = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size() &&
        std::abs(seconds) < 100'000'000'000) {
        return WallTime(std::chrono::seconds(seconds));
    }
    const auto time = parse_time(text);
    if (time) return *time;
    return fail(fmt::format("--time: expected Unix seconds or RFC 3339, got \"{}\"", text));
}

// What holds at the time.

bool holds(const RoutingConfig& routing, const std::string& name, WallTime at) {
    const auto found = routing.time_intervals.find(name);
    return found != routing.time_intervals.end() &&
           std::ranges::any_of(found->second, [&](const alerting::TimeInterval& interval) {
               return interval.contains(at);
           });
}

std::vector<std::string> holding(const RoutingConfig& routing,
                                 const std::vector<std::string>& names, WallTime at) {
    std::vector<std::string> some;
    std::ranges::copy_if(names, std::back_inserter(some),
                         [&](const std::string& name) { return holds(routing, name, at); });
    return some;
}

/// Why the route tells nobody at that time; "" where it does.
std::string muted_by(const Route& route, const Asked& asked) {
    const auto mutes = holding(*asked.routing, route.mute_time_intervals, asked.at);
    if (!mutes.empty()) return fmt::format("muted by {}", fmt::join(mutes, ", "));
    if (route.active_time_intervals.empty()) return "";
    if (!holding(*asked.routing, route.active_time_intervals, asked.at).empty()) return "";
    return fmt::format("not active: outside of {}", fmt::join(route.active_time_intervals, ", "));
}

std::vector<const InhibitRule*> inhibit_rules(const Asked& asked) {
    std::vector<const InhibitRule*> rules;
    for (const InhibitRule& rule : asked.routing->inhibit_rules) {
        if (all_match(rule.target, asked.labels)) rules.push_back(&rule);
    }
    return rules;
}

std::vector<std::string> texts(const Matchers& matchers) {
    std::vector<std::string> all;
    for (const Matcher& matcher : matchers)
        all.push_back(matcher.to_string());
    return all;
}

std::vector<std::string> integrations(const RoutingConfig& routing, const std::string& receiver) {
    std::vector<std::string> names;
    for (const auto& integration : routing.find_receiver(receiver)->integrations) {
        const alerting::Address& address = integration->address();
        names.push_back(fmt::format("{}[{}]", address.integration, address.index));
    }
    return names;
}

/// In matching_routes()'s order.
std::vector<const Route*> taken_routes(const Asked& asked) {
    return matching_routes(asked.routing->route, asked.labels);
}

// JSON.

ordered_json to_json(const Labels& labels) {
    ordered_json object = ordered_json::object();
    for (const Label label : labels)
        object[std::string(label.name)] = label.value;
    return object;
}

ordered_json to_json(const RouteTrace& trace) {
    ordered_json matchers = ordered_json::array();
    for (const auto& matched : trace.matched) {
        matchers.push_back(
            {{"matcher", matched.matcher}, {"value", matched.value}, {"matches", matched.matches}});
    }
    ordered_json routes = ordered_json::array();
    for (const RouteTrace& below : trace.routes)
        routes.push_back(to_json(below));
    return {{"receiver", trace.route->receiver},
            {"verdict", to_string(trace.verdict)},
            {"matchers", std::move(matchers)},
            {"continue", trace.route->continues},
            {"routes", std::move(routes)}};
}

ordered_json interval_list(const std::vector<std::string>& names, const Asked& asked) {
    ordered_json list = ordered_json::array();
    for (const std::string& name : names) {
        list.push_back({{"name", name}, {"now", holds(*asked.routing, name, asked.at)}});
    }
    return list;
}

ordered_json to_json(const Route& route, const Asked& asked) {
    return {{"receiver", route.receiver},
            {"integrations", integrations(*asked.routing, route.receiver)},
            {"group", to_json(group_labels_of(route, asked.labels))},
            {"group_wait", format_duration(route.group_wait)},
            {"group_interval", format_duration(route.group_interval)},
            {"repeat_interval", format_duration(route.repeat_interval)},
            {"mute_time_intervals", interval_list(route.mute_time_intervals, asked)},
            {"active_time_intervals", interval_list(route.active_time_intervals, asked)},
            {"muted", muted_by(route, asked)}};
}

ordered_json to_json(const InhibitRule& rule, const Labels& labels) {
    ordered_json equal = ordered_json::object();
    for (const std::string& name : rule.equal)
        equal[name] = labels.get(name);
    return {{"name", rule.name},
            {"source_matchers", texts(rule.source)},
            {"target_matchers", texts(rule.target)},
            {"equal", std::move(equal)}};
}

ordered_json to_json(const Asked& asked) {
    ordered_json taken = ordered_json::array();
    for (const Route* route : taken_routes(asked))
        taken.push_back(to_json(*route, asked));
    ordered_json rules = ordered_json::array();
    for (const InhibitRule* rule : inhibit_rules(asked))
        rules.push_back(to_json(*rule, asked.labels));
    return {{"labels", to_json(asked.labels)},
            {"time", format_time(asked.at)},
            {"tree", to_json(trace_routes(asked.routing->route, asked.labels))},
            {"receivers", std::move(taken)},
            {"inhibit_rules", std::move(rules)}};
}

// For people.

std::string heading(const Route& route) {
    const auto matchers = texts(route.matchers);
    return fmt::format("{} -> {}{}",
                       matchers.empty() ? "all" : fmt::format("{{{}}}", fmt::join(matchers, ", ")),
                       route.receiver, route.continues ? ", continue" : "");
}

std::string_view words_of(RouteTrace::Verdict verdict) {
    switch (verdict) {
        case RouteTrace::Verdict::taken:
            return "takes it";
        case RouteTrace::Verdict::passed_on:
            return "matches; a route below takes it";
        case RouteTrace::Verdict::no_match:
            return "does not match";
        case RouteTrace::Verdict::not_asked:
            break;
    }
    return "not asked: a route before it took the alert, or the one above does not match";
}

void print(const RouteTrace& trace, std::size_t depth) {
    const std::string indent(depth * 2, ' ');
    std::cout << fmt::format("{}{}: {}\n", indent, heading(*trace.route), words_of(trace.verdict));
    if (trace.verdict != RouteTrace::Verdict::not_asked) {
        for (const auto& matched : trace.matched) {
            std::cout << fmt::format("{}    {} {}: it is \"{}\"\n", indent,
                                     matched.matches ? "yes" : "no ", matched.matcher,
                                     matched.value);
        }
    }
    for (const RouteTrace& below : trace.routes)
        print(below, depth + 1);
}

void print_receivers(const Asked& asked) {
    for (const Route* route : taken_routes(asked)) {
        const auto ways = integrations(*asked.routing, route->receiver);
        std::cout << fmt::format(
            "\nreceiver {}: {}\n  group {}\n  group_wait {}, group_interval {}, repeat_interval "
            "{}\n",
            route->receiver,
            ways.empty() ? "tells nobody" : fmt::format("{}", fmt::join(ways, ", ")),
            group_labels_of(*route, asked.labels).to_string(), format_duration(route->group_wait),
            format_duration(route->group_interval), format_duration(route->repeat_interval));
        for (const auto& [word, names] : {std::pair{"mute", &route->mute_time_intervals},
                                          std::pair{"active", &route->active_time_intervals}}) {
            for (const std::string& name : *names) {
                std::cout << fmt::format("  {} time interval {}: {}\n", word, name,
                                         holds(*asked.routing, name, asked.at) ? "now" : "not now");
            }
        }
        const std::string muted = muted_by(*route, asked);
        if (!muted.empty()) std::cout << fmt::format("  tells nobody at that time: {}\n", muted);
    }
}

void print_inhibition(const Asked& asked) {
    for (const InhibitRule* rule : inhibit_rules(asked)) {
        std::vector<std::string> same;
        for (const std::string& name : rule->equal)
            same.push_back(fmt::format("{}=\"{}\"", name, asked.labels.get(name)));
        std::cout << fmt::format(
            "\ninhibited{} while an alert fires that matches {}{}\n",
            rule->name.empty() ? "" : fmt::format(" by {}", rule->name),
            fmt::join(texts(rule->source), ", "),
            same.empty() ? "" : fmt::format(" and has {}", fmt::join(same, ", ")));
    }
}

void print_tree(const Route& route, std::size_t depth) {
    const std::string indent(depth * 2, ' ');
    std::string grouped = "one group";
    if (route.group_by_all) grouped = "a group for each alert";
    if (!route.group_by.empty()) grouped = fmt::format("by {}", fmt::join(route.group_by, ", "));
    std::cout << fmt::format("{}{}\n{}    {}; wait {}, interval {}, repeat {}\n", indent,
                             heading(route), indent, grouped, format_duration(route.group_wait),
                             format_duration(route.group_interval),
                             format_duration(route.repeat_interval));
    if (!route.mute_time_intervals.empty()) {
        std::cout << fmt::format("{}    mute {}\n", indent,
                                 fmt::join(route.mute_time_intervals, ", "));
    }
    if (!route.active_time_intervals.empty()) {
        std::cout << fmt::format("{}    active {}\n", indent,
                                 fmt::join(route.active_time_intervals, ", "));
    }
    for (const Route& below : route.routes)
        print_tree(below, depth + 1);
}

ordered_json tree_json(const Route& route) {
    ordered_json routes = ordered_json::array();
    for (const Route& below : route.routes)
        routes.push_back(tree_json(below));
    ordered_json group_by = route.group_by;
    if (route.group_by_all) group_by = {"..."};
    return {{"receiver", route.receiver},
            {"matchers", texts(route.matchers)},
            {"continue", route.continues},
            {"group_by", std::move(group_by)},
            {"group_wait", format_duration(route.group_wait)},
            {"group_interval", format_duration(route.group_interval)},
            {"repeat_interval", format_duration(route.repeat_interval)},
            {"mute_time_intervals", route.mute_time_intervals},
            {"active_time_intervals", route.active_time_intervals},
            {"routes", std::move(routes)}};
}

std::string dump(const ordered_json& value) {
    return value.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace

int routes_test_command(const RoutesOptions& options) {
    const auto at = read_time(options.time);
    const auto checked = read_labels(options.labels, {});
    if (!at || !checked) {
        std::cerr << "pilotlight: " << (at ? checked.error() : at.error()).message << '\n';
        return kExitCannot;
    }
    const auto files = load(options);
    if (!files) {
        print(files.error());
        return kExitNotGood;
    }
    const Asked asked{files->routing, *read_labels(options.labels, files->external_labels), *at};
    if (options.json) {
        std::cout << dump(to_json(asked)) << '\n';
        return kExitDone;
    }
    std::cout << fmt::format("{} at {}\n\n", asked.labels.to_string(), format_time(asked.at));
    print(trace_routes(asked.routing->route, asked.labels), 0);
    print_receivers(asked);
    print_inhibition(asked);
    return kExitDone;
}

int routes_show_command(const RoutesOptions& options) {
    const auto files = load(options);
    if (!files) {
        print(files.error());
        return kExitNotGood;
    }
    if (options.json) {
        std::cout << dump(tree_json(files->routing->route)) << '\n';
    } else {
        print_tree(files->routing->route, 0);
    }
    return kExitDone;
}

}  // namespace pilotlight::app

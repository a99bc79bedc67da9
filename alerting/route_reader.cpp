#include "alerting/route_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/hash.h"

namespace pilotlight::alerting {
namespace {

constexpr std::size_t kDepthMax = 50;

struct RawRoute {
    std::string receiver;
    std::vector<std::string> group_by;
    bool continues = false;
    std::optional<Node> match;
    std::optional<Node> match_re;
    std::optional<Node> matchers;
    std::optional<Duration> group_wait;
    std::optional<Duration> group_interval;
    std::optional<Duration> repeat_interval;
    std::vector<std::string> mute_time_intervals;
    std::vector<std::string> active_time_intervals;
    std::vector<Node> routes;
};

constexpr config::Option<RawRoute> kRouteOptions[] = {
    config::option<&RawRoute::receiver>("receiver", "the parent's",
                                        "who is told; required at the root"),
    config::option<&RawRoute::group_by>(
        "group_by", "the parent's",
        "labels that name a group, which is one message or incident; [...] for all labels"),
    config::option<&RawRoute::continues>("continue", "false",
                                         "whether the next routes are asked too after a match"),
    config::option<&RawRoute::matchers>("matchers", "",
                                        "which alerts: severity=\"critical\", job=~\"a|b\""),
    config::option<&RawRoute::match>("match", "", "labels that are equal; the old form"),
    config::option<&RawRoute::match_re>("match_re", "", "labels that match; the old form"),
    config::option<&RawRoute::group_wait>(
        "group_wait", "30s", "how long a new group waits for more alerts; 0s pages at once"),
    config::option<&RawRoute::group_interval>("group_interval", "5m",
                                              "how long until news of a group is told"),
    config::option<&RawRoute::repeat_interval>("repeat_interval", "4h",
                                               "when it is told again that nothing changed"),
    config::option<&RawRoute::mute_time_intervals>("mute_time_intervals", "",
                                                   "when no beginning is told"),
    config::option<&RawRoute::active_time_intervals>("active_time_intervals", "",
                                                     "when alone a beginning is told"),
    config::option<&RawRoute::routes>("routes", "", "more special routes, first match wins"),
};

struct RawInhibit {
    std::string name;
    std::optional<Node> source_match;
    std::optional<Node> source_match_re;
    std::optional<Node> source_matchers;
    std::optional<Node> target_match;
    std::optional<Node> target_match_re;
    std::optional<Node> target_matchers;
    std::vector<std::string> equal;
};

constexpr config::Option<RawInhibit> kInhibitOptions[] = {
    config::option<&RawInhibit::name>("name", "", "for people"),
    config::option<&RawInhibit::source_matchers>("source_matchers", "", "alerts that mute"),
    config::option<&RawInhibit::source_match>("source_match", "", "the old form"),
    config::option<&RawInhibit::source_match_re>("source_match_re", "", "the old form"),
    config::option<&RawInhibit::target_matchers>("target_matchers", "", "alerts that are muted"),
    config::option<&RawInhibit::target_match>("target_match", "", "the old form"),
    config::option<&RawInhibit::target_match_re>("target_match_re", "", "the old form"),
    config::option<&RawInhibit::equal>("equal", "", "labels that must be the same in both"),
};

/// Templates, receivers and group labels: `name "x" is not defined, did you mean "y"?`.
std::string undefined(std::string_view what, std::string_view name,
                      const std::vector<std::string_view>& known) {
    const std::string_view nearest = nearest_key(name, known);
    if (!nearest.empty()) {
        return fmt::format("undefined {} \"{}\", did you mean \"{}\"?", what, name, nearest);
    }
    return fmt::format("undefined {} \"{}\", expected one of: {}", what, name,
                       fmt::join(known, ", "));
}

void read_old_matches(const Node& node, Matcher::Op op, Matchers& matchers, ReadContext& context) {
    if (!node.is_mapping()) {
        context.error(node, "expected a mapping of labels to values");
        return;
    }
    for (const Node::Entry& entry : node.entries) {
        std::string value;
        const std::size_t before = context.errors.size();
        config::read_value(entry.value, value, context.errors);
        if (context.errors.size() != before) continue;
        if (!is_legacy_label_name(entry.key)) {
            context.errors.emplace_back(fmt::format("invalid label name \"{}\"", entry.key),
                                        entry.key_where);
            continue;
        }
        auto matcher = Matcher::make(entry.key, op, std::move(value));
        if (matcher) {
            matchers.push_back(std::move(*matcher));
        } else {
            context.error(entry.value, matcher.error().message);
        }
    }
}

void read_new_matchers(const Node& node, Matchers& matchers, ReadContext& context) {
    std::vector<const Node*> lines;
    if (node.is_sequence()) {
        for (const Node& item : node.items)
            lines.push_back(&item);
    } else {
        context.error(node, fmt::format("expected a list of matchers, got {}", node.kind_name()));
    }
    for (const Node* line : lines) {
        std::string text;
        const std::size_t before = context.errors.size();
        config::read_value(*line, text, context.errors);
        if (context.errors.size() != before) continue;
        auto parsed = parse_matchers(text);
        if (!parsed) {
            context.error(*line, parsed.error().message);
            continue;
        }
        for (Matcher& matcher : *parsed)
            matchers.push_back(std::move(matcher));
    }
}

class TreeReader {
  public:
    TreeReader(const KnownNames& names, ReadContext& context) : names_(names), context_(context) {}

    Route read_root(const Node& node) {
        Route inherited;
        Route root = read(node, inherited, 0, "");
        if (root.receiver.empty()) {
            context_.error(node, "the root route must say a receiver");
        }
        for (const char* key : {"match", "match_re", "matchers"}) {
            const Node* given = node.find(key);
            const bool is_empty = given == nullptr || given->is_null() ||
                                  (given->items.empty() && given->entries.empty());
            if (!is_empty)
                context_.error(*given, "the root route must take every alert: no matchers");
        }
        for (const char* key : {"mute_time_intervals", "active_time_intervals"}) {
            const Node* given = node.find(key);
            if (given != nullptr && !given->items.empty()) {
                context_.error(*given, "the root route must have no time intervals");
            }
        }
        if (root.continues)
            context_.error(*node.find("continue"), "the root route cannot continue");
        return root;
    }

  private:
    Route read(const Node& node, const Route& parent, std::size_t depth, const std::string& path) {
        RawRoute raw;
        if (node.is_null() && depth > 0) {
            config::expected_value(node, "a mapping", context_.errors);
        }
        config::read_options(node, kRouteOptions, raw, context_.errors);
        Route route;
        route.where = node.where;
        route.receiver = raw.receiver.empty() ? parent.receiver : raw.receiver;
        route.continues = raw.continues;
        route.matchers = read_matchers(node, "", context_);
        read_group_by(node, raw, parent, route);
        route.group_wait = raw.group_wait.value_or(parent.group_wait);
        route.group_interval =
            positive(node, "group_interval", raw.group_interval, parent.group_interval);
        route.repeat_interval =
            positive(node, "repeat_interval", raw.repeat_interval, parent.repeat_interval);
        route.mute_time_intervals = raw.mute_time_intervals;
        route.active_time_intervals = raw.active_time_intervals;
        check_names(node, raw);

        std::string here = path;
        for (const Matcher& matcher : route.matchers)
            here += matcher.to_string() + ",";
        here += "/";
        set_discriminator(route, here);
        if (depth == kDepthMax && !raw.routes.empty()) {
            context_.error(node, fmt::format("routes are nested deeper than {}", kDepthMax));
            return route;
        }
        for (const Node& child : raw.routes) {
            route.routes.push_back(read(child, route, depth + 1, here));
        }
        return route;
    }

    void read_group_by(const Node& node, const RawRoute& raw, const Route& parent, Route& route) {
        const Node* given = node.find("group_by");
        if (given == nullptr || given->is_null()) {
            route.group_by = parent.group_by;
            route.group_by_all = parent.group_by_all;
            return;
        }
        route.group_by = raw.group_by;
        std::ranges::sort(route.group_by);
        route.group_by_all = std::ranges::count(route.group_by, "...") > 0;
        if (route.group_by_all && route.group_by.size() > 1) {
            context_.error(*given, "\"...\" stands for all labels, so it must stand alone");
        }
        const auto twice = std::ranges::adjacent_find(route.group_by);
        if (twice != route.group_by.end()) {
            context_.error(*given, fmt::format("label \"{}\" is there twice", *twice));
        }
        if (std::ranges::count(route.group_by, "") > 0) {
            context_.error(*given, "a label name must not be empty");
        }
        if (route.group_by_all) route.group_by.clear();
    }

    Duration positive(const Node& node, std::string_view key, std::optional<Duration> given,
                      Duration inherited) {
        if (given && *given <= Duration(0)) {
            context_.error(*node.find(key), fmt::format("{} must be more than 0", key));
        }
        return given.value_or(inherited);
    }

    void check_names(const Node& node, const RawRoute& raw) {
        if (!raw.receiver.empty() && !std::ranges::count(names_.receivers, raw.receiver)) {
            context_.error(*node.find("receiver"),
                           undefined("receiver", raw.receiver, names_.receivers));
        }
        for (const char* key : {"mute_time_intervals", "active_time_intervals"}) {
            const Node* given = node.find(key);
            if (given == nullptr) continue;
            for (const Node& item : given->items) {
                if (std::ranges::count(names_.time_intervals, item.scalar) > 0) continue;
                context_.error(item,
                               undefined("time interval", item.scalar, names_.time_intervals));
            }
        }
    }

    /// Two routes to one receiver that group by the same labels must not share incidents.
    void set_discriminator(Route& route, const std::string& path) {
        std::string grouping = route.receiver;
        grouping += '\0';
        if (route.group_by_all) grouping += "...";
        for (const std::string& name : route.group_by)
            (grouping += name) += '\0';
        if (groupings_.insert(grouping).second) return;
        std::uint64_t hash = hash_bytes(path, hash_bytes(grouping));
        while (!discriminators_.insert(hash).second)
            hash = hash_bytes("again", hash);
        route.discriminator = fmt::format("{:016x}", hash);
    }

    const KnownNames& names_;
    ReadContext& context_;
    std::set<std::string> groupings_;
    std::set<std::uint64_t> discriminators_;
};

}  // namespace

Matchers read_matchers(const Node& node, std::string_view prefix, ReadContext& context) {
    Matchers matchers;
    const Node* equal = node.find(fmt::format("{}match", prefix));
    const Node* regexp = node.find(fmt::format("{}match_re", prefix));
    const Node* lines = node.find(fmt::format("{}matchers", prefix));
    if (equal != nullptr && !equal->is_null()) {
        read_old_matches(*equal, Matcher::Op::equal, matchers, context);
    }
    if (regexp != nullptr && !regexp->is_null()) {
        read_old_matches(*regexp, Matcher::Op::regexp, matchers, context);
    }
    if (lines != nullptr && !lines->is_null()) read_new_matchers(*lines, matchers, context);
    return matchers;
}

Route read_route_tree(const Node& node, const KnownNames& names, ReadContext& context) {
    return TreeReader(names, context).read_root(node);
}

InhibitRule read_inhibit_rule(const Node& node, ReadContext& context) {
    RawInhibit raw;
    config::read_options(node, kInhibitOptions, raw, context.errors);
    InhibitRule rule;
    rule.name = raw.name;
    rule.source = read_matchers(node, "source_", context);
    rule.target = read_matchers(node, "target_", context);
    rule.equal = raw.equal;
    if (rule.source.empty() || rule.target.empty()) {
        context.error(node,
                      "an inhibition rule without source or target matchers would mute "
                      "every alert");
    }
    return rule;
}

std::vector<config::OptionDoc> route_option_docs() {
    return config::docs_of(kRouteOptions);
}

std::vector<config::OptionDoc> inhibit_option_docs() {
    return config::docs_of(kInhibitOptions);
}

}  // namespace pilotlight::alerting

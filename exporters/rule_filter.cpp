#include "exporters/rule_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/hash.h"

namespace pilotlight::exporters {
namespace {

using Set = std::set<std::string, std::less<>>;
using Refusal = std::unexpected<std::string>;

Refusal refuse(std::string_view parameter, std::string_view why) {
    return Refusal(fmt::format("invalid parameter \"{}\": {}", parameter, why));
}

Set set_of(const Request& request, std::string_view name) {
    Set values;
    for (const auto& [key, value] : request.parameters) {
        if (key == name) values.insert(value);
    }
    return values;
}

bool is_in(const Set& set, std::string_view value) {
    return set.empty() || set.contains(value);
}

std::expected<std::vector<Matchers>, std::string> matchers_of(const Request& request) {
    std::vector<Matchers> all;
    for (const auto& [key, text] : request.parameters) {
        if (key != "match[]") continue;
        auto matchers = parse_utf8_matchers(text);
        if (!matchers) return refuse("match[]", matchers.error().message);
        const bool all_may_be_empty =
            std::ranges::all_of(*matchers, [](const Matcher& m) { return m.matches(""); });
        if (all_may_be_empty) {
            return refuse("match[]", "match[] must contain at least one non-empty matcher");
        }
        all.push_back(std::move(*matchers));
    }
    return all;
}

/// As Go's strconv.ParseBool.
std::expected<bool, std::string> bool_of(std::string_view text) {
    for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"}) {
        if (text == yes) return true;
    }
    for (const char* no : {"", "0", "f", "F", "false", "FALSE", "False"}) {
        if (text == no) return false;
    }
    return Refusal(fmt::format("error converting exclude_alerts: \"{}\" is no boolean", text));
}

std::expected<std::size_t, std::string> group_limit_of(std::string_view text) {
    if (text.empty()) return 0;
    std::int32_t limit = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, limit);
    if (read.ec != std::errc{} || read.ptr != end) {
        return Refusal("group_limit needs to be a valid number: \"" + std::string(text) + "\"");
    }
    if (limit <= 0) return Refusal("group_limit needs to be greater than 0");
    return static_cast<std::size_t>(limit);
}

/// Labels that hold a template are only known once there is an alert.
bool matches(const Matchers& matchers, const Labels& labels) {
    return std::ranges::all_of(matchers, [&](const Matcher& matcher) {
        const std::string_view value = labels.get(matcher.name());
        return matcher.matches(value.find("{{") == std::string_view::npos ? value : "");
    });
}

}  // namespace

std::expected<RuleFilter, std::string> RuleFilter::of(const Request& request) {
    RuleFilter filter;
    filter.names_ = set_of(request, "rule_name[]");
    filter.groups_ = set_of(request, "rule_group[]");
    filter.files_ = set_of(request, "file[]");
    auto matchers = matchers_of(request);
    if (!matchers) return Refusal(std::move(matchers.error()));
    filter.matchers_ = std::move(*matchers);

    filter.type_ = request.parameter("type");
    for (char& c : filter.type_)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (!filter.type_.empty() && filter.type_ != "alert" && filter.type_ != "record") {
        return refuse("type", fmt::format("not supported value \"{}\"", filter.type_));
    }
    const auto exclude = bool_of(request.parameter("exclude_alerts"));
    if (!exclude) return refuse("exclude_alerts", exclude.error());
    filter.exclude_alerts_ = *exclude;
    const auto limit = group_limit_of(request.parameter("group_limit"));
    if (!limit) return refuse("group_limit", limit.error());
    filter.group_limit_ = *limit;
    filter.next_token_ = request.parameter("group_next_token");
    if (!filter.next_token_.empty() && *limit == 0) {
        return refuse("group_next_token",
                      "group_limit needs to be present in order to paginate over the groups");
    }
    return filter;
}

bool RuleFilter::wants(const RuleGroupView& group) const {
    return is_in(groups_, group.name) && is_in(files_, group.file);
}

bool RuleFilter::wants(const RuleView& rule) const {
    if (!type_.empty() && (type_ == "alert") != rule.alerting) return false;
    if (!is_in(names_, rule.name)) return false;
    return matchers_.empty() || std::ranges::any_of(matchers_, [&](const Matchers& set) {
               return matches(set, rule.labels);
           });
}

std::string RuleFilter::token_of(const RuleGroupView& group) {
    return fmt::format("{:016x}", hash_bytes(group.name, hash_bytes(group.file + ";")));
}

}  // namespace pilotlight::exporters

#include "probes/json_body.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "probes/json_document.h"

namespace pilotlight::probes {

namespace {

using Value = JsonDocument::Value;

/// What a scalar of YAML is in JSON.
JsonLiteral literal_of(const Node& node) {
    if (node.is_null()) return JsonNull{};
    const std::string& text = node.scalar;
    if (node.quoted || node.block) return text;
    if (text == "true") return true;
    if (text == "false") return false;
    if (text == "null" || text == "~") return JsonNull{};
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_number = error == std::errc() && end == text.data() + text.size() &&
                           !text.empty() && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9'));
    if (is_number) return number;
    return text;
}

template <auto Member>
void read_expectation(const Node& node, JsonCondition& out, Errors& errors) {
    if (!node.is_scalar()) {
        config::expected_value(node, "a text, a number, true, false or null", errors);
        return;
    }
    JsonLiteral literal = literal_of(node);
    const bool is_text = std::holds_alternative<std::string>(literal);
    out.*Member = JsonExpectation{std::move(literal),
                                  is_text || node.from_environment ? node.shown() : node.scalar};
}

void read_json_path(const Node& node, JsonCondition& out, Errors& errors) {
    std::string text;
    const std::size_t before = errors.size();
    config::read_value(node, text, errors);
    if (errors.size() != before) return;
    Result<JsonPath> path = JsonPath::parse(text);
    if (!path) {
        errors.push_back(
            node.error(fmt::format("{} is no JSONPath: {}", node.shown(), path.error().message)));
        return;
    }
    out.path = std::move(*path);
}

using C = JsonCondition;
using config::option;
using config::option_read_by;

constexpr config::Option<C> kOptions[] = {
    option_read_by<C>(&read_json_path, "path", "text", "required",
                      "a JSONPath (RFC 9535, without functions), as in $.checks[*].status"),
    option<&C::exists>("exists", "", "whether the path must select something"),
    option_read_by<C>(&read_expectation<&C::equals>, "equals", "text, number, true, false or null",
                      "", "what each value must be"),
    option_read_by<C>(&read_expectation<&C::not_equals>, "not_equals",
                      "text, number, true, false or null", "", "what none may be"),
    option<&C::matches>("matches", "", "what each text must match"),
    option<&C::not_matches>("not_matches", "", "what none may match"),
    option_read_by<C>(&read_expectation<&C::contains>, "contains",
                      "text, number, true, false or null", "",
                      "a part of a text, an element of an array, a key of an object"),
    option<&C::greater_than>("greater_than", "", "for numbers"),
    option<&C::at_least>("at_least", "", "for numbers"),
    option<&C::less_than>("less_than", "", "for numbers"),
    option<&C::at_most>("at_most", "", "for numbers"),
    option<&C::count>("count", "", "how many values the path must select"),
    option<&C::count_at_least>("count_at_least", "", "how many at least"),
    option<&C::count_at_most>("count_at_most", "", "how many at most"),
};

bool is_about_numbers(const C& condition) {
    return condition.greater_than || condition.at_least || condition.less_than || condition.at_most;
}

bool is_about_values(const C& condition) {
    return is_about_numbers(condition) || condition.equals || condition.not_equals ||
           condition.matches || condition.not_matches || condition.contains;
}

bool is_about_count(const C& condition) {
    return condition.count || condition.count_at_least || condition.count_at_most;
}

void check(const Node& node, const C& condition, Errors& errors) {
    if (!condition.exists && !is_about_values(condition) && !is_about_count(condition)) {
        errors.push_back(node.error("a path needs a condition: exists, equals, matches, ..."));
    }
    const bool is_absent = condition.exists && !*condition.exists;
    if (is_absent && (is_about_values(condition) || is_about_count(condition))) {
        errors.push_back(node.error("exists: false goes with no other condition"));
    }
}

/// What is wrong with how many there are.
std::optional<std::string> broken_count(const C& condition, std::size_t count) {
    const auto number = static_cast<std::int64_t>(count);
    const std::string& path = condition.path->text();
    const auto told = [&](std::string_view how, int expected) {
        return fmt::format("{} selects {}, expected {}{}", path, count, how, expected);
    };
    if (condition.exists && *condition.exists != (count > 0)) {
        return *condition.exists ? path + " is not there" : path + " is there";
    }
    if (condition.count && number != *condition.count) return told("", *condition.count);
    if (condition.count_at_least && number < *condition.count_at_least) {
        return told("at least ", *condition.count_at_least);
    }
    if (condition.count_at_most && number > *condition.count_at_most) {
        return told("at most ", *condition.count_at_most);
    }
    // Of nothing everything would hold.
    if (count == 0 && is_about_values(condition)) return path + " is not there";
    return std::nullopt;
}

/// What was expected of the number, and is not so.
std::optional<std::string> broken_number(const C& condition, const Value& value) {
    if (!is_about_numbers(condition)) return std::nullopt;
    if (value.kind() != Value::Kind::number) return "a number";
    const double number = value.number();
    if (condition.greater_than && !(number > *condition.greater_than)) {
        return fmt::format("more than {}", *condition.greater_than);
    }
    if (condition.at_least && !(number >= *condition.at_least)) {
        return fmt::format("{} at least", *condition.at_least);
    }
    if (condition.less_than && !(number < *condition.less_than)) {
        return fmt::format("less than {}", *condition.less_than);
    }
    if (condition.at_most && !(number <= *condition.at_most)) {
        return fmt::format("{} at most", *condition.at_most);
    }
    return std::nullopt;
}

/// What was expected of the value, and is not so.
std::optional<std::string> broken_value(const C& condition, const Value& value) {
    if (condition.equals && !value.equals(condition.equals->literal)) {
        return condition.equals->shown;
    }
    if (condition.not_equals && value.equals(condition.not_equals->literal)) {
        return "anything but " + condition.not_equals->shown;
    }
    if (condition.contains && !value.contains(condition.contains->literal)) {
        return "to contain " + condition.contains->shown;
    }
    if (condition.matches && !condition.matches->matches(value.text())) {
        return "to match " + condition.matches->pattern();
    }
    if (condition.not_matches && condition.not_matches->matches(value.text())) {
        return "not to match " + condition.not_matches->pattern();
    }
    return broken_number(condition, value);
}

std::optional<std::string> broken(const C& condition, const JsonDocument& document,
                                  const HideSecrets& hide) {
    const Result<std::vector<Value>> values = document.select(*condition.path);
    if (!values) return condition.path->text() + ": " + values.error().message;
    std::optional<std::string> count = broken_count(condition, values->size());
    if (count) return count;
    for (const Value& value : *values) {
        const std::optional<std::string> expected = broken_value(condition, value);
        if (!expected) continue;
        return fmt::format("{} is {}, expected {}", condition.path->text(), value.shown(hide),
                           *expected);
    }
    return std::nullopt;
}

}  // namespace

void read_json_conditions(const Node& node, std::vector<JsonCondition>& out, Errors& errors) {
    if (!node.is_sequence()) {
        config::expected_value(node, "a list of {path, equals, matches, ...}", errors);
        return;
    }
    for (const Node& item : node.items) {
        JsonCondition condition;
        const std::size_t before = errors.size();
        config::read_options(item, kOptions, condition, errors);
        // A row is not read where its value is null, which means something here.
        for (const auto& [key, member] :
             {std::pair("equals", &C::equals), std::pair("not_equals", &C::not_equals)}) {
            const Node* value = item.find(key);
            if (value != nullptr && value->is_null()) {
                condition.*member = JsonExpectation{JsonNull{}, "null"};
            }
        }
        if (errors.size() == before) check(item, condition, errors);
        if (errors.size() == before) out.push_back(std::move(condition));
    }
}

std::optional<std::string> broken_json_condition(const std::vector<JsonCondition>& conditions,
                                                 std::string_view body, const HideSecrets& hide) {
    if (conditions.empty()) return std::nullopt;
    const Result<JsonDocument> document = JsonDocument::parse(body);
    if (!document) return "the body cannot be read: " + document.error().message;
    for (const JsonCondition& condition : conditions) {
        std::optional<std::string> what = broken(condition, *document, hide);
        if (what) return what;
    }
    return std::nullopt;
}

}  // namespace pilotlight::probes

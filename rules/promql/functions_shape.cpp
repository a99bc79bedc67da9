#include <algorithm>
#include <cmath>
#include <limits>

#include "rules/promql/evaluator.h"

// From one kind of value to another, order, and absence.
namespace pilotlight::promql {
namespace {

double scalar(Frame& frame) {
    const Items items = frame.vector(0);
    return items.size() == 1 ? items[0].value : std::numeric_limits<double>::quiet_NaN();
}

Items vector(Frame& frame) {
    return {{{}, frame.scalar(0)}};
}

/// What an absent series would have been called: the labels that are fixed, once each.
Labels labels_of_absent(const Expr& argument) {
    const Expr& expr = unwrap(argument);
    const Matchers* matchers = nullptr;
    if (const auto* selector = std::get_if<VectorSelector>(&expr.node)) {
        matchers = &selector->matchers;
    } else if (const auto* matrix = std::get_if<MatrixSelector>(&expr.node)) {
        matchers = &matrix->selector.matchers;
    } else {
        return {};
    }
    LabelsBuilder builder;
    std::vector<std::string_view> seen;
    for (const Matcher& matcher : *matchers) {
        if (matcher.name() == kMetricName) continue;
        const bool again = std::ranges::find(seen, matcher.name()) != seen.end();
        if (matcher.op() == Matcher::Op::equal && !again) {
            builder.set(matcher.name(), matcher.value());
            seen.push_back(matcher.name());
        } else {
            builder.remove(matcher.name());
        }
    }
    return builder.build();
}

Items absent(Frame& frame) {
    if (!frame.vector(0).empty()) return {};
    return {{labels_of_absent(frame.argument(0)), 1}};
}

Items absent_over_time(Frame& frame) {
    bool found = false;
    frame.map_ranges(0, [&](const Window&) -> std::optional<double> {
        found = true;
        return std::nullopt;
    });
    if (found) return {};
    return {{labels_of_absent(frame.argument(0)), 1}};
}

/// NaN last, whichever way.
template <class Before>
Items sorted(Frame& frame, Before before) {
    Items items = frame.vector(0);
    std::ranges::stable_sort(items, [&](const Item& a, const Item& b) {
        if (std::isnan(a.value) || std::isnan(b.value)) return !std::isnan(a.value);
        return before(a.value, b.value);
    });
    return items;
}

Items sort(Frame& frame) {
    return sorted(frame, std::less<>());
}
Items sort_desc(Frame& frame) {
    return sorted(frame, std::greater<>());
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string_view take_number(std::string_view& text) {
    std::size_t end = 0;
    while (end < text.size() && is_digit(text[end]))
        ++end;
    std::string_view number = text.substr(0, end);
    text.remove_prefix(end);
    while (number.size() > 1 && number[0] == '0')
        number.remove_prefix(1);
    return number;
}

/// Below, equal, above: numbers within the texts by their size, so that "cpu2" is before "cpu10".
int compare_naturally(std::string_view a, std::string_view b) {
    while (!a.empty() && !b.empty()) {
        if (is_digit(a[0]) && is_digit(b[0])) {
            const std::string_view left = take_number(a);
            const std::string_view right = take_number(b);
            if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
            if (const int order = left.compare(right); order != 0) return order;
            continue;
        }
        if (a[0] != b[0]) {
            return static_cast<unsigned char>(a[0]) < static_cast<unsigned char>(b[0]) ? -1 : 1;
        }
        a.remove_prefix(1);
        b.remove_prefix(1);
    }
    if (a.empty() && b.empty()) return 0;
    return a.empty() ? -1 : 1;
}

template <bool kDescending>
Items sort_by_label(Frame& frame) {
    Items items = frame.vector(0);
    std::vector<std::string> names;
    for (std::size_t i = 1; i < frame.size(); ++i)
        names.push_back(frame.string(i));
    std::ranges::stable_sort(items, [&](const Item& first, const Item& second) {
        const Item& a = kDescending ? second : first;
        const Item& b = kDescending ? first : second;
        for (const std::string& name : names) {
            const int order = compare_naturally(a.labels.get(name), b.labels.get(name));
            if (order != 0) return order < 0;
        }
        return a.labels < b.labels;
    });
    return items;
}

constexpr Function kFunctions[] = {
    {.name = "scalar",
     .arguments = {ValueType::vector},
     .returns = ValueType::scalar,
     .scalar = scalar},
    {.name = "vector", .arguments = {ValueType::scalar}, .vector = vector},
    {.name = "absent", .arguments = {ValueType::vector}, .vector = absent},
    {.name = "absent_over_time", .arguments = {ValueType::matrix}, .vector = absent_over_time},
    {.name = "sort", .arguments = {ValueType::vector}, .vector = sort},
    {.name = "sort_desc", .arguments = {ValueType::vector}, .vector = sort_desc},
    {.name = "sort_by_label",
     .arguments = {ValueType::vector, ValueType::string},
     .variadic = -1,
     .vector = sort_by_label<false>,
     .since = Function::Since::from_3},
    {.name = "sort_by_label_desc",
     .arguments = {ValueType::vector, ValueType::string},
     .variadic = -1,
     .vector = sort_by_label<true>,
     .since = Function::Since::from_3},
};

}  // namespace

std::span<const Function> shape_functions() {
    return kFunctions;
}

}  // namespace pilotlight::promql

#include "rules/promql/printer.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "core/check.h"
#include "rules/promql/functions.h"
#include "rules/promql/quoting.h"

namespace pilotlight::promql {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
    using Ts::operator()...;
};

std::string label_name(const std::string& name) {
    return is_legacy_label_name(name) ? name : quote(name);
}

std::string label_list(const std::vector<std::string>& labels) {
    std::string text = "(";
    for (const std::string& label : labels) {
        if (text.size() > 1) text += ", ";
        text += label_name(label);
    }
    return text += ')';
}

std::string print_shift(const TimeShift& shift) {
    std::string text;
    if (shift.at) {
        switch (shift.at->kind) {
            case AtModifier::Kind::start:
                text += " @ start()";
                break;
            case AtModifier::Kind::end:
                text += " @ end()";
                break;
            case AtModifier::Kind::time:
                text += fmt::format(" @ {:.3f}", to_unix_seconds(shift.at->time));
                break;
        }
    }
    if (!shift.offset.is_zero()) text += " offset " + to_string(shift.offset);
    return text;
}

std::string_view print_mode(RangeMode mode) {
    switch (mode) {
        case RangeMode::plain:
            return "";
        case RangeMode::anchored:
            return " anchored";
        case RangeMode::smoothed:
            return " smoothed";
    }
    PILOT_CHECK(false);
}

std::string_view sign_of(Matcher::Op op) {
    constexpr std::string_view kSigns[] = {"=", "!=", "=~", "!~"};
    return kSigns[static_cast<std::size_t>(op)];
}

std::string print_selector(const VectorSelector& selector) {
    const bool plain_name = is_legacy_metric_name(selector.name);
    std::string inside;
    if (!selector.name.empty() && !plain_name) inside = quote(selector.name);
    for (const Matcher& matcher : selector.matchers) {
        const bool says_name = matcher.name() == kMetricName && matcher.op() == Matcher::Op::equal;
        if (says_name && !selector.name.empty()) continue;
        if (!inside.empty()) inside += ',';
        inside += label_name(matcher.name());
        inside += sign_of(matcher.op());
        inside += quote(matcher.value());
    }
    if (plain_name && inside.empty()) return selector.name;
    return (plain_name ? selector.name : "") + "{" + inside + "}";
}

std::string print_fill(const VectorMatching& matching) {
    const auto part = [](std::string_view word, double value) {
        return fmt::format(" {} ({})", word, format_float(value));
    };
    std::string text;
    if (matching.fill_left) text += part("fill_left", *matching.fill_left);
    if (matching.fill_right) text += part("fill_right", *matching.fill_right);
    return text;
}

std::string print_matching(const Binary& binary) {
    std::string text = binary.return_bool ? " bool" : "";
    if (!binary.matching) return text;
    const VectorMatching& matching = *binary.matching;
    const bool grouped = matching.cardinality == MatchCardinality::many_to_one ||
                         matching.cardinality == MatchCardinality::one_to_many;
    if (matching.on || !matching.labels.empty() || grouped) {
        text += matching.on ? " on " : " ignoring ";
        text += label_list(matching.labels);
    }
    if (grouped) {
        text += matching.cardinality == MatchCardinality::many_to_one ? " group_left "
                                                                      : " group_right ";
        text += label_list(matching.include);
    }
    return text + print_fill(matching);
}

std::string print(const Aggregation& aggregation) {
    std::string text(to_string(aggregation.op));
    if (aggregation.without) {
        text += " without " + label_list(aggregation.grouping) + " ";
    } else if (!aggregation.grouping.empty()) {
        text += " by " + label_list(aggregation.grouping) + " ";
    }
    text += '(';
    if (aggregation.parameter != nullptr) text += to_string(*aggregation.parameter) + ", ";
    return text + to_string(*aggregation.expr) + ")";
}

std::string print(const Call& call) {
    std::string text(call.function->name);
    text += '(';
    for (std::size_t i = 0; i < call.arguments.size(); ++i) {
        if (i > 0) text += ", ";
        text += to_string(*call.arguments[i]);
    }
    return text += ')';
}

std::string print(const NumberLiteral& number) {
    const bool whole = number.duration && number.value > 0 && number.value < 1e12;
    if (whole) return format_duration(Duration(std::llround(number.value * 1000)));
    return format_fixed(number.value);
}

}  // namespace

std::string format_float(double value) {
    // Long zeros are hard to read.
    const double size = std::abs(value);
    const bool exponent = size != 0 && (size < 1e-4 || size >= 1e21);
    if (!exponent || !std::isfinite(value)) return format_fixed(value);
    char buffer[40];
    const auto end =
        std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
    return {buffer, end.ptr};
}

std::string format_fixed(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    // The digits that tell it from its neighbours, then zeros; to_chars would give all of them.
    char buffer[1100];
    const double size = std::abs(value);
    if (size < 1e15) {
        const auto end =
            std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
        return {buffer, end.ptr};
    }
    const auto end =
        std::to_chars(buffer, buffer + sizeof buffer, size, std::chars_format::scientific);
    const std::string_view text(buffer, end.ptr);
    const std::size_t e = text.find('e');
    int exponent = 0;
    std::from_chars(text.data() + e + 2, end.ptr, exponent);
    std::string digits(text.substr(0, e));
    std::erase(digits, '.');
    const std::size_t whole = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() < whole) digits.append(whole - digits.size(), '0');
    if (digits.size() > whole) digits.insert(whole, ".");
    return (value < 0 ? "-" : "") + digits;
}

std::string describe(const Labels& labels) {
    std::string out = "{";
    for (const Label& label : labels) {
        if (out.size() > 1) out += ", ";
        const bool plain = is_legacy_label_name(label.name);
        out += plain ? std::string(label.name) : quote(label.name);
        out += '=' + quote(label.value);
    }
    return out + '}';
}

std::string to_string(const Expr& expr) {
    return std::visit(
        Overloaded{
            [](const NumberLiteral& number) { return print(number); },
            [](const StringLiteral& string) { return quote(string.value); },
            [](const VectorSelector& selector) {
                return print_selector(selector) + print_shift(selector.shift) +
                       std::string(print_mode(selector.mode));
            },
            [](const MatrixSelector& matrix) {
                return print_selector(matrix.selector) + "[" + to_string(matrix.range) + "]" +
                       print_shift(matrix.selector.shift) +
                       std::string(print_mode(matrix.selector.mode));
            },
            [](const Subquery& subquery) {
                const std::string step = subquery.step.is_zero() ? "" : to_string(subquery.step);
                return to_string(*subquery.expr) + "[" + to_string(subquery.range) + ":" + step +
                       "]" + print_shift(subquery.shift);
            },
            [](const Call& call) { return print(call); },
            [](const Aggregation& aggregation) { return print(aggregation); },
            [](const Binary& binary) {
                return fmt::format("{} {}{} {}", to_string(*binary.left), to_string(binary.op),
                                   print_matching(binary), to_string(*binary.right));
            },
            [](const Unary& unary) { return (unary.minus ? "-" : "+") + to_string(*unary.expr); },
            [](const Paren& paren) { return "(" + to_string(*paren.expr) + ")"; },
        },
        expr.node);
}

}  // namespace pilotlight::promql

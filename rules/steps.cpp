#include "rules/steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/document.h"
#include "core/sample.h"
#include "rules/promql/evaluate_part.h"
#include "rules/promql/printer.h"
#include "rules/row_match.h"

namespace pilotlight::rules {

namespace {

/// Metric names that are compared with one that is not there.
constexpr std::size_t kNamesMax = 100'000;

/// The text's spaces and line ends, each run of them one space.
std::string in_one_line(std::string_view text) {
    std::string line;
    for (const char c : text) {
        const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        if (!space) {
            line += c;
        } else if (!line.empty() && line.back() != ' ') {
            line += ' ';
        }
    }
    while (line.ends_with(' '))
        line.pop_back();
    return line;
}

std::string shown(const Matchers& matchers, const std::string& name) {
    std::string inside;
    for (const Matcher& matcher : matchers) {
        if (!name.empty() && matcher.name() == kMetricName) continue;
        inside += (inside.empty() ? "" : ", ") + matcher.to_string();
    }
    return name + (inside.empty() && !name.empty() ? "" : "{" + inside + "}");
}

Step::Row range_row(const promql::MatrixSeries& series) {
    const auto& points = series.points;
    if (points.empty()) return {series.labels, "no samples", {}};
    return {series.labels,
            points.size() == 1 ? fmt::format("1 sample, {}", format_value(points.front().value))
                               : fmt::format("{} samples, {} to {}", points.size(),
                                             format_value(points.front().value),
                                             format_value(points.back().value)),
            {}};
}

struct RowsOf {
    std::vector<Step::Row> operator()(const promql::Scalar& scalar) const {
        return {{{}, format_value(scalar.value), {}}};
    }
    std::vector<Step::Row> operator()(const promql::String& text) const {
        return {{{}, fmt::format("\"{}\"", text.value), {}}};
    }
    std::vector<Step::Row> operator()(const promql::Vector& vector) const {
        std::vector<Step::Row> rows;
        for (const auto& sample : vector)
            rows.push_back({sample.labels, format_value(sample.value), {}});
        return rows;
    }
    std::vector<Step::Row> operator()(const promql::Matrix& matrix) const {
        std::vector<Step::Row> rows;
        for (const auto& series : matrix)
            rows.push_back(range_row(series));
        return rows;
    }
};

const promql::VectorSelector* selector_of(const promql::Expr& expr) {
    if (const auto* vector = std::get_if<promql::VectorSelector>(&expr.node)) return vector;
    const auto* matrix = std::get_if<promql::MatrixSelector>(&expr.node);
    return matrix == nullptr ? nullptr : &matrix->selector;
}

bool has_own_value(const promql::Expr& expr) {
    return !std::holds_alternative<promql::NumberLiteral>(expr.node) &&
           !std::holds_alternative<promql::StringLiteral>(expr.node) &&
           !std::holds_alternative<promql::Paren>(expr.node);
}

}  // namespace

Steps::Steps(const promql::Expr& expr, const std::string& text, const series::Store& store,
             const series::Store& known, const promql::EvalOptions& options)
    : root_(expr), text_(text), store_(store), known_(known), options_(options) {
    add(expr, 0);
}

void Steps::add(const promql::Expr& part, int depth) {
    if (steps_.size() >= kStepsMax) return;
    int below = depth;
    if (has_own_value(part) || &part == &root_) {
        Step step;
        step.depth = depth;
        step.text = in_one_line(std::string_view(text_).substr(part.offset, part.length));
        add_value(part, step);
        steps_.push_back(std::move(step));
        ++below;
    }
    for (const promql::Expr* child : promql::children(part))
        add(*child, below);
}

void Steps::add_value(const promql::Expr& part, Step& step) const {
    auto value = promql::evaluate_part(root_, part, store_, options_);
    if (!value) {
        step.note = value.error().message;
        return;
    }
    step.rows = std::visit(RowsOf(), *value);
    const auto by_labels = [](const Step::Row& a, const Step::Row& b) {
        return a.labels < b.labels;
    };
    std::ranges::stable_sort(step.rows, by_labels);
    if (const auto* selector = selector_of(part)) add_selector(*selector, step);
}

void Steps::add_selector(const promql::VectorSelector& selector, Step& step) const {
    const auto found = store_.select(selector.matchers);
    if (found.empty()) {
        step.note = why_nothing(selector);
        return;
    }
    std::optional<WallTime> newest;
    for (const auto* series : found) {
        const auto point = series->newest();
        if (!newest || point.at > *newest) newest = point.at;
        const auto row = std::ranges::lower_bound(
            step.rows, series->labels(), std::less<>(),
            [](const Step::Row& one) -> const Labels& { return one.labels; });
        if (row != step.rows.end() && row->labels == series->labels()) {
            row->age = std::max(options_.at - point.at, Duration{0});
        }
    }
    if (step.rows.empty()) {
        step.note = fmt::format("{} series, none with a valid sample: the newest is {} old",
                                found.size(), format_duration(options_.at - *newest));
    }
}

std::string Steps::why_nothing(const promql::VectorSelector& selector) const {
    std::string name = selector.name;
    Matchers by_name;
    for (const Matcher& matcher : selector.matchers) {
        if (matcher.name() != kMetricName) continue;
        by_name.push_back(matcher);
        if (matcher.op() == Matcher::Op::equal) name = matcher.value();
    }
    std::string why = fmt::format("no series match {}", shown(selector.matchers, name));
    if (name.empty()) return why;
    if (!known_.select(by_name).empty()) {
        return why + fmt::format("; there are series of {}, but with other labels", name);
    }
    std::set<std::string, std::less<>> names;
    known_.for_each([&](const series::Series& series) {
        const std::string_view one = series.labels().metric_name();
        if (names.size() < kNamesMax && !names.contains(one)) names.emplace(one);
    });
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::string_view nearest = nearest_key(name, known);
    why += fmt::format("; no metric {} is known", name);
    return nearest.empty() ? why : why + fmt::format(", did you mean {}?", nearest);
}

std::vector<Step> Steps::of(const Labels& row) const {
    std::vector<Step> steps;
    for (const Step& all : steps_) {
        Step step{all.depth, all.text, {}, 0, all.note};
        for (const Step::Row& one : all.rows) {
            if (!shares_labels(one.labels, row)) continue;
            if (step.row_count++ < Step::kRowsMax) step.rows.push_back(one);
        }
        steps.push_back(std::move(step));
    }
    return steps;
}

}  // namespace pilotlight::rules

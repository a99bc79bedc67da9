#include "rules/promql/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "core/check.h"
#include "rules/promql/label_sets.h"
#include "rules/promql/parser.h"
#include "rules/promql/quoting.h"

namespace pilotlight::promql {
namespace {

/// Units of work between two questions whether to go on.
constexpr std::uint64_t kAskEvery = 4096;

}  // namespace

const Expr& unwrap(const Expr& expr) {
    const Expr* inner = &expr;
    while (const auto* paren = std::get_if<Paren>(&inner->node))
        inner = paren->expr.get();
    return *inner;
}

Evaluator::Evaluator(const Expr& root, const series::Store& store, const EvalOptions& options,
                     WallTime start, WallTime end, Duration step)
    : store_(store),
      options_(options),
      start_(start),
      end_(end),
      step_(step),
      selections_(root.selector_count) {}

void Evaluator::fail(std::string message) {
    if (!error_) error_ = Error(std::move(message));
}

void Evaluator::warn(const std::string& message, const Expr& at) const {
    if (options_.warnings != nullptr) annotate(*options_.warnings, message, at);
}

void Evaluator::inform(const std::string& message, const Expr& at) const {
    if (wants_infos()) annotate(*options_.infos, message, at);
}

void Evaluator::annotate(std::vector<std::string>& list, const std::string& message,
                         const Expr& at) const {
    std::string whole = message;
    if (!options_.text.empty()) whole += " (" + place_of(at.offset, options_.text) + ')';
    const auto known = std::ranges::find_if(list, [&](const std::string& other) {
        return other.starts_with(message) &&
               (other.size() == message.size() ||
                std::string_view(other).substr(message.size()).starts_with(" ("));
    });
    if (known == list.end()) {
        list.push_back(std::move(whole));
    } else {
        *known = std::move(whole);
    }
}

bool Evaluator::count(std::size_t samples) {
    counted_ += samples;
    if (counted_ > options_.sample_limit) {
        fail(fmt::format("query processing would read or make more than {} samples",
                         options_.sample_limit));
    }
    return go_on(samples);
}

bool Evaluator::go_on(std::size_t work) {
    work_ += work;
    if (work_ >= ask_at_ && options_.interrupted) {
        ask_at_ = work_ + kAskEvery;
        if (options_.interrupted()) fail("the evaluation was interrupted");
    }
    return !failed();
}

double Evaluator::scalar(const Expr& expr, WallTime at) {
    const Expr& inner = unwrap(expr);
    if (!go_on()) return 0;
    if (const auto* number = std::get_if<NumberLiteral>(&inner.node)) return number->value;
    if (const auto* unary = std::get_if<Unary>(&inner.node)) {
        const double value = scalar(*unary->expr, at);
        return unary->minus ? -value : value;
    }
    if (const auto* binary = std::get_if<Binary>(&inner.node)) {
        const double left = scalar(*binary->left, at);
        return evaluate_scalars(*binary, left, scalar(*binary->right, at));
    }
    const auto* call = std::get_if<Call>(&inner.node);
    PILOT_CHECK(call != nullptr && call->function->scalar != nullptr);
    Frame frame(*this, *call, at);
    return call->function->scalar(frame);
}

std::string Evaluator::string(const Expr& expr) const {
    const auto* literal = std::get_if<StringLiteral>(&unwrap(expr).node);
    PILOT_CHECK(literal != nullptr);
    return literal->value;
}

Items Evaluator::vector(const Expr& expr, WallTime at) {
    const Expr& inner = unwrap(expr);
    if (!go_on()) return {};
    Items items;
    if (const auto* selector = std::get_if<VectorSelector>(&inner.node)) {
        items = select_vector(*selector, at);
    } else if (const auto* binary = std::get_if<Binary>(&inner.node)) {
        items = evaluate_binary(*this, *binary, at);
    } else if (const auto* aggregation = std::get_if<Aggregation>(&inner.node)) {
        items = evaluate_aggregation(*this, *aggregation, at);
    } else if (const auto* minus = std::get_if<Unary>(&inner.node)) {
        items = unary(*minus, at);
    } else {
        const auto* call = std::get_if<Call>(&inner.node);
        PILOT_CHECK(call != nullptr && call->function->vector != nullptr);
        Frame frame(*this, *call, at);
        items = call->function->vector(frame);
        if (!failed()) check_unique_in_2(items);
    }
    if (!count(items.size())) return {};
    return items;
}

Items Evaluator::unary(const Unary& unary, WallTime at) {
    Items items = vector(*unary.expr, at);
    if (!unary.minus) return items;
    for (Item& item : items) {
        item.value = -item.value;
        drop_name(item);
    }
    check_unique_in_2(items);
    return items;
}

Duration Evaluator::resolve(const DurationExpr& length) {
    if (length.node == nullptr) return length.value;
    const auto seconds = promql::evaluate(*length.node, step_, end_ - start_);
    if (!seconds) {
        fail(seconds.error());
        return {};
    }
    const auto resolved = to_duration(*seconds);
    if (!resolved) fail(resolved.error());
    return resolved.value_or(Duration{0});
}

WallTime Evaluator::shifted(const TimeShift& shift, WallTime at) {
    if (shift.at) {
        switch (shift.at->kind) {
            case AtModifier::Kind::time:
                at = shift.at->time;
                break;
            case AtModifier::Kind::start:
                at = start_;
                break;
            case AtModifier::Kind::end:
                at = end_;
                break;
        }
    }
    return at - resolve(shift.offset);
}

std::span<const series::Series* const> Evaluator::selected(const VectorSelector& selector) {
    // Indexes count the selectors of the root; an expression that is evaluated on its own has its
    // own root.
    PILOT_CHECK(selector.index < selections_.size());
    Selection& selection = selections_[selector.index];
    if (!selection.done) {
        // A look at every series is worth a question.
        if (!go_on(kAskEvery)) return {};
        if (options_.only == nullptr) {
            store_.select(selector.matchers, selection.series);
        } else {
            Matchers matchers = selector.matchers;
            matchers.push_back(*options_.only);
            store_.select(matchers, selection.series);
        }
        selection.done = true;
    }
    return selection.series;
}

Duration Evaluator::lookback_of(const series::Series& series) const {
    if (!options_.series_lookback) return options_.lookback;
    return std::max(options_.lookback, series.lookback());
}

std::optional<series::Point> Evaluator::valid_at(const series::Series& series, WallTime ref) {
    const std::optional<series::Point> point = series.last_at(ref);
    if (!point || is_stale(point->value)) return std::nullopt;
    const WallTime oldest = ref - lookback_of(series);
    // Open on the left in Prometheus 3.
    if (point->at < oldest || (is_3() && point->at == oldest)) return std::nullopt;
    return point;
}

Items Evaluator::select_vector(const VectorSelector& selector, WallTime at) {
    const WallTime ref = shifted(selector.shift, at);
    if (selector.mode == RangeMode::smoothed) return select_smoothed(selector, ref);
    const auto found = selected(selector);
    Items items;
    if (!count(found.size())) return items;
    items.reserve(found.size());
    for (const series::Series* series : found) {
        if (const auto point = valid_at(*series, ref)) {
            items.push_back({series->labels(), point->value, false, series});
        }
    }
    return items;
}

/// The value between the samples before and after.
Items Evaluator::select_smoothed(const VectorSelector& selector, WallTime ref) {
    Items items;
    std::vector<series::Point> points;
    for (const series::Series* series : selected(selector)) {
        points.clear();
        read_range(*series, {ref, ref}, RangeMode::smoothed, points);
        if (!count(points.size() + 1)) return {};
        const auto after =
            std::ranges::upper_bound(points, ref, {}, [](const series::Point& p) { return p.at; });
        if (after == points.begin()) continue;
        const series::Point before = *std::prev(after);
        double value = before.value;
        if (after != points.end() && before.at < ref) {
            value += (after->value - before.value) *
                     static_cast<double>((ref - before.at).count()) /
                     static_cast<double>((after->at - before.at).count());
        }
        items.push_back({series->labels(), value, false, series});
    }
    return items;
}

Evaluator::Range Evaluator::range_of(const DurationExpr& length, const TimeShift& shift,
                                     WallTime at) {
    const Duration range = resolve(length);
    if (range <= Duration{0}) fail("duration must be greater than 0");
    const WallTime end = shifted(shift, at);
    return {end - range, end};
}

void Evaluator::read_range(const series::Series& series, const Range& range, RangeMode mode,
                           std::vector<series::Point>& out) {
    WallTime from = range.start;
    WallTime to = range.end;
    if (mode != RangeMode::plain) {
        from -= lookback_of(series);
        if (mode == RangeMode::smoothed) to += lookback_of(series);
    }
    // Times are whole milliseconds: open on the left is one later.
    if (is_3()) from += Duration{1};
    series.points(from, to, out);
    std::erase_if(out, [](const series::Point& point) { return is_stale(point.value); });
}

std::vector<Evaluator::RangeItem> Evaluator::run_subquery(const Subquery& subquery,
                                                          const Range& range) {
    Duration step = subquery.step.is_zero() ? options_.subquery_step : resolve(subquery.step);
    if (step <= Duration{0}) fail("duration must be greater than 0");
    if (failed()) return {};
    // Steps are multiples of the step on the clock, whatever the evaluation's time; the division
    // cuts towards zero as Go's does.
    const std::int64_t from = range.start.time_since_epoch().count();
    std::int64_t first = from / step.count() * step.count();
    if (first < from || (is_3() && first == from)) first += step.count();
    std::vector<RangeItem> found;
    std::unordered_map<Labels, std::size_t> by_labels;
    for (WallTime at{Duration(first)}; at <= range.end && count(1); at += step) {
        for (Item& item : vector(*subquery.expr, at)) {
            const auto [known, is_new] = by_labels.try_emplace(item.labels, found.size());
            const double value = item.value;
            if (is_new) found.push_back({std::move(item), {}});
            found[known->second].points.push_back({at, value});
        }
    }
    return failed() ? std::vector<RangeItem>{} : found;
}

Matrix Evaluator::matrix(const Expr& expr, WallTime at) {
    Matrix series;
    Items items = map_ranges(
        expr, at,
        [&](const Window& window) {
            series.push_back({{}, {window.points.begin(), window.points.end()}});
            return std::optional<double>(0);
        },
        true);
    if (failed()) return {};
    PILOT_CHECK(items.size() == series.size());
    finish(items);
    for (std::size_t i = 0; i < items.size(); ++i)
        series[i].labels = items[i].labels;
    return series;
}

void Evaluator::drop_name(Item& item) const {
    if (is_3()) {
        item.drop_name = true;
    } else {
        item.labels = without_name(item, false);
        item.series = nullptr;
    }
}

void Evaluator::finish(Items& items) {
    for (Item& item : items) {
        if (item.drop_name) item.labels = without_name(item, is_3());
    }
    check_unique(items);
}

void Evaluator::check_unique_in_2(const Items& items) {
    if (!is_3()) check_unique(items);
}

void Evaluator::check_unique(const Items& items) {
    if (has_equal_labels(items)) fail("vector cannot contain metrics with the same labelset");
}

}  // namespace pilotlight::promql

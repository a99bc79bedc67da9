#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/ast.h"
#include "rules/promql/evaluate.h"
#include "rules/promql/functions.h"
#include "series/store.h"

namespace pilotlight::promql {

/// A sample on its way through an expression.
struct Item {
    Labels labels;
    double value = 0;
    /// Prometheus 3: the name is no longer true of the value, and goes when the evaluation ends.
    bool drop_name = false;
    /// Set while `labels` are this series' own: it has the set without the name ready.
    const series::Series* series = nullptr;
};

/// The samples of one series within a range, for functions of ranges. Never empty.
struct Window {
    /// Oldest first, no stale markers. With anchored and smoothed also those around the range.
    std::span<const series::Point> points;
    /// The range, offset and @ applied.
    WallTime start;
    WallTime end;
    /// When the expression is evaluated.
    WallTime now;
    RangeMode mode = RangeMode::plain;
    const Labels* labels = nullptr;
};

/// One evaluation: an expression at one or several times over a store that does not change
/// meanwhile. The first failure stays; from then on everything is empty, and loops end.
class Evaluator {
  public:
    /// `start`, `end` and `step` are the query's: equal and 0 for an instant query.
    Evaluator(const Expr& root, const series::Store& store, const EvalOptions& options,
              WallTime start, WallTime end, Duration step);

    [[nodiscard]] double scalar(const Expr& expr, WallTime at);
    [[nodiscard]] Items vector(const Expr& expr, WallTime at);
    [[nodiscard]] std::string string(const Expr& expr) const;
    /// The series of a range selector or subquery, samples sorted, stale markers left out.
    [[nodiscard]] Matrix matrix(const Expr& expr, WallTime at);

    /// Calls `visit(window, item)` for each series of a range vector that has samples; what it
    /// returns becomes the item's value, nothing leaves the series out. Names are dropped unless
    /// `keep_name`.
    template <class Visit>
    Items map_ranges(const Expr& expr, WallTime at, Visit visit, bool keep_name = false);

    /// Drops names that are due, and refuses label sets that then are equal.
    void finish(Items& items);

    /// The name is no longer true of the item's value: dropped now (2) or at the end (3).
    void drop_name(Item& item) const;
    /// Prometheus 2 looks for equal label sets after each step.
    void check_unique_in_2(const Items& items);
    void check_unique(const Items& items);

    /// Counts samples against the limit; false when it is reached.
    bool count(std::size_t samples);
    /// Counts work, and asks now and then whether to go on; false when the evaluation has failed.
    bool go_on(std::size_t work = 1);
    void fail(std::string message);
    /// Annotations; `at` is the part of the expression that they are about.
    void warn(const std::string& message, const Expr& at) const;
    void inform(const std::string& message, const Expr& at) const;
    [[nodiscard]] bool wants_infos() const { return is_3() && options_.infos != nullptr; }
    [[nodiscard]] bool failed() const { return error_.has_value(); }
    [[nodiscard]] const std::optional<Error>& error() const { return error_; }

    [[nodiscard]] bool is_3() const { return options_.compatibility == Compatibility::prometheus3; }
    [[nodiscard]] const series::Store& store() const { return store_; }
    [[nodiscard]] WallTime query_start() const { return start_; }
    [[nodiscard]] WallTime query_end() const { return end_; }
    [[nodiscard]] Duration query_step() const { return step_; }

    /// The time that a selector asks for at `at`.
    [[nodiscard]] WallTime shifted(const TimeShift& shift, WallTime at);
    /// The valid sample of each series that the selector matches, at `ref` exactly.
    [[nodiscard]] std::span<const series::Series* const> selected(const VectorSelector& selector);
    [[nodiscard]] std::optional<series::Point> valid_at(const series::Series& series, WallTime ref);

  private:
    struct Range {
        WallTime start;
        WallTime end;
    };
    /// What map_ranges needs of one series.
    struct RangeItem {
        Item item;
        std::vector<series::Point> points;
    };
    struct Selection {
        bool done = false;
        std::vector<const series::Series*> series;
    };

    Items select_vector(const VectorSelector& selector, WallTime at);
    Items select_smoothed(const VectorSelector& selector, WallTime ref);
    Range range_of(const DurationExpr& length, const TimeShift& shift, WallTime at);
    void read_range(const series::Series& series, const Range& range, RangeMode mode,
                    std::vector<series::Point>& out);
    std::vector<RangeItem> run_subquery(const Subquery& subquery, const Range& range);
    Duration resolve(const DurationExpr& length);
    Duration lookback_of(const series::Series& series) const;

    void annotate(std::vector<std::string>& list, const std::string& message, const Expr& at) const;
    Items unary(const Unary& unary, WallTime at);
    Items paren_or_node(const Expr& expr, WallTime at);

    const series::Store& store_;
    EvalOptions options_;
    WallTime start_;
    WallTime end_;
    Duration step_;
    std::vector<Selection> selections_;
    std::vector<series::Point> scratch_;
    std::uint64_t counted_ = 0;
    std::uint64_t work_ = 0;
    std::uint64_t ask_at_ = 0;
    std::optional<Error> error_;
};

/// A function's call: its arguments at one time.
class Frame {
  public:
    Frame(Evaluator& evaluator, const Call& call, WallTime at)
        : evaluator_(evaluator), call_(call), at_(at) {}

    [[nodiscard]] std::size_t size() const { return call_.arguments.size(); }
    [[nodiscard]] const Expr& argument(std::size_t index) const { return *call_.arguments[index]; }
    [[nodiscard]] Items vector(std::size_t index) {
        return evaluator_.vector(argument(index), at_);
    }
    [[nodiscard]] double scalar(std::size_t index) {
        return evaluator_.scalar(argument(index), at_);
    }
    [[nodiscard]] std::string string(std::size_t index) {
        return evaluator_.string(argument(index));
    }
    template <class Visit>
    Items map_ranges(std::size_t index, Visit visit, bool keep_name = false) {
        return evaluator_.map_ranges(argument(index), at_, visit, keep_name);
    }
    /// Replaces each value of a vector argument; names are dropped.
    template <class Change>
    Items map_values(std::size_t index, Change change) {
        Items items = vector(index);
        for (Item& item : items) {
            item.value = change(item.value);
            evaluator_.drop_name(item);
        }
        return items;
    }

    [[nodiscard]] Evaluator& evaluator() { return evaluator_; }
    [[nodiscard]] const Function& function() const { return *call_.function; }
    [[nodiscard]] WallTime at() const { return at_; }

  private:
    Evaluator& evaluator_;
    const Call& call_;
    WallTime at_;
};

/// Parentheses taken off.
[[nodiscard]] const Expr& unwrap(const Expr& expr);

/// binary.cpp
[[nodiscard]] double evaluate_scalars(const Binary& binary, double left, double right);
[[nodiscard]] Items evaluate_binary(Evaluator& evaluator, const Binary& binary, WallTime at);
/// aggregate.cpp
[[nodiscard]] Items evaluate_aggregation(Evaluator& evaluator, const Aggregation& aggregation,
                                         WallTime at);

template <class Visit>
Items Evaluator::map_ranges(const Expr& argument, WallTime at, Visit visit, bool keep_name) {
    Items items;
    const Expr& expr = unwrap(argument);
    const auto apply = [&](Item item, Window window) {
        window.labels = &item.labels;
        const std::optional<double> value = visit(window);
        if (!value) return;
        item.value = *value;
        if (!keep_name) drop_name(item);
        items.push_back(std::move(item));
    };
    if (const auto* selector = std::get_if<MatrixSelector>(&expr.node)) {
        const Range range = range_of(selector->range, selector->selector.shift, at);
        const RangeMode mode = selector->selector.mode;
        std::vector<series::Point> points = std::move(scratch_);
        for (const series::Series* series : selected(selector->selector)) {
            points.clear();
            read_range(*series, range, mode, points);
            if (!count(points.size())) break;
            if (points.empty()) continue;
            apply({series->labels(), 0, false, series},
                  {points, range.start, range.end, at, mode, nullptr});
        }
        scratch_ = std::move(points);
    } else if (const auto* subquery = std::get_if<Subquery>(&expr.node)) {
        const Range range = range_of(subquery->range, subquery->shift, at);
        for (RangeItem& found : run_subquery(*subquery, range)) {
            apply(std::move(found.item),
                  {found.points, range.start, range.end, at, RangeMode::plain, nullptr});
        }
    }
    if (failed()) return {};
    check_unique_in_2(items);
    return items;
}

}  // namespace pilotlight::promql

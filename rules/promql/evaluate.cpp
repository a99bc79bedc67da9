#include "rules/promql/evaluate.h"

#include <algorithm>
#include <unordered_map>

#include "rules/promql/evaluator.h"

namespace pilotlight::promql {
namespace {

Value value_at(Evaluator& evaluator, const Expr& expr, WallTime at) {
    switch (expr.type) {
        case ValueType::scalar:
            return Scalar{evaluator.scalar(expr, at), at};
        case ValueType::string:
            return String{evaluator.string(expr), at};
        case ValueType::matrix:
            return evaluator.matrix(expr, at);
        default:
            break;
    }
    Items items = evaluator.vector(expr, at);
    if (!evaluator.failed()) evaluator.finish(items);
    Vector samples;
    samples.reserve(items.size());
    for (Item& item : items)
        samples.push_back({std::move(item.labels), item.value, at});
    return samples;
}

/// Samples of several times, gathered by label set.
class Gathered {
  public:
    void add(const Labels& labels, series::Point point) {
        const auto [known, is_new] = by_labels_.try_emplace(labels, series_.size());
        if (is_new) series_.push_back({labels, {}});
        series_[known->second].points.push_back(point);
    }
    Matrix take() {
        std::ranges::sort(series_, [](const MatrixSeries& a, const MatrixSeries& b) {
            return a.labels < b.labels;
        });
        return std::move(series_);
    }

  private:
    Matrix series_;
    std::unordered_map<Labels, std::size_t> by_labels_;
};

}  // namespace

Result<Value> evaluate(const Expr& expr, const series::Store& store, const EvalOptions& options) {
    Evaluator evaluator(expr, store, options, options.at, options.at, Duration{0});
    Value value = value_at(evaluator, expr, options.at);
    if (evaluator.error()) return std::unexpected(*evaluator.error());
    return value;
}

Result<Matrix> evaluate_range(const Expr& expr, const series::Store& store, WallTime start,
                              WallTime end, Duration step, const EvalOptions& options) {
    if (step <= Duration{0})
        return fail(
            "zero or negative query resolution step widths are not "
            "accepted. Try a positive integer");
    if (end < start) return fail("end timestamp must not be before start time");
    if (expr.type != ValueType::scalar && expr.type != ValueType::vector) {
        return fail("invalid expression type \"" + std::string(documented_name(expr.type)) +
                    "\" for range query, must be Scalar or instant Vector");
    }
    Evaluator evaluator(expr, store, options, start, end, step);
    Gathered gathered;
    for (WallTime at = start; at <= end && evaluator.count(1); at += step) {
        if (expr.type == ValueType::scalar) {
            gathered.add({}, {at, evaluator.scalar(expr, at)});
            continue;
        }
        Items items = evaluator.vector(expr, at);
        if (evaluator.failed()) break;
        evaluator.finish(items);
        for (const Item& item : items)
            gathered.add(item.labels, {at, item.value});
    }
    if (evaluator.error()) return std::unexpected(*evaluator.error());
    return gathered.take();
}

}  // namespace pilotlight::promql

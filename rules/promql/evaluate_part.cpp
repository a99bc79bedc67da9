#include "rules/promql/evaluate_part.h"

#include "rules/promql/evaluator.h"

namespace pilotlight::promql {
namespace {

Value value_of(Evaluator& evaluator, const Expr& part, WallTime at) {
    switch (part.type) {
        case ValueType::scalar:
            return Scalar{evaluator.scalar(part, at), at};
        case ValueType::string:
            return String{evaluator.string(part), at};
        case ValueType::matrix:
            return evaluator.matrix(part, at);
        default:
            break;
    }
    // Names that the whole drops at its end are dropped by then only: no refusal of equal sets.
    Vector samples;
    for (Item& item : evaluator.vector(part, at))
        samples.push_back({std::move(item.labels), item.value, at});
    return samples;
}

}  // namespace

Result<Value> evaluate_part(const Expr& root, const Expr& part, const series::Store& store,
                            const EvalOptions& options) {
    Evaluator evaluator(root, store, options, options.at, options.at, Duration{0});
    Value value = value_of(evaluator, part, options.at);
    if (evaluator.error()) return std::unexpected(*evaluator.error());
    return value;
}

}  // namespace pilotlight::promql

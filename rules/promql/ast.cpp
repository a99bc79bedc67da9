#include "rules/promql/ast.h"

#include "core/check.h"

namespace pilotlight::promql {

std::vector<const Expr*> children(const Expr& expr) {
    std::vector<const Expr*> found;
    if (const auto* subquery = std::get_if<Subquery>(&expr.node)) {
        found.push_back(subquery->expr.get());
    } else if (const auto* call = std::get_if<Call>(&expr.node)) {
        for (const ExprPtr& argument : call->arguments)
            found.push_back(argument.get());
    } else if (const auto* aggregation = std::get_if<Aggregation>(&expr.node)) {
        if (aggregation->parameter != nullptr) found.push_back(aggregation->parameter.get());
        found.push_back(aggregation->expr.get());
    } else if (const auto* binary = std::get_if<Binary>(&expr.node)) {
        found = {binary->left.get(), binary->right.get()};
    } else if (const auto* unary = std::get_if<Unary>(&expr.node)) {
        found.push_back(unary->expr.get());
    } else if (const auto* paren = std::get_if<Paren>(&expr.node)) {
        found.push_back(paren->expr.get());
    }
    return found;
}

std::string_view to_string(AggregationOp op) {
    constexpr std::string_view kNames[] = {
        "sum",    "avg",  "count",   "min",          "max",      "group",  "stddev",
        "stdvar", "topk", "bottomk", "count_values", "quantile", "limitk", "limit_ratio"};
    return kNames[static_cast<std::size_t>(op)];
}

std::string_view to_string(BinaryOp op) {
    constexpr std::string_view kNames[] = {"+",  "-", "*", "/",  "%",  "^",   "atan2", "==",
                                           "!=", ">", "<", ">=", "<=", "and", "or",    "unless"};
    return kNames[static_cast<std::size_t>(op)];
}

bool is_comparison(BinaryOp op) {
    return op >= BinaryOp::eql && op <= BinaryOp::lte;
}

bool is_set_operator(BinaryOp op) {
    return op >= BinaryOp::land;
}

std::string_view documented_name(ValueType type) {
    switch (type) {
        case ValueType::none:
            return "none";
        case ValueType::scalar:
            return "scalar";
        case ValueType::string:
            return "string";
        case ValueType::vector:
            return "instant vector";
        case ValueType::matrix:
            return "range vector";
    }
    PILOT_CHECK(false);
}

std::string_view to_string(ValueType type) {
    switch (type) {
        case ValueType::none:
            return "none";
        case ValueType::scalar:
            return "scalar";
        case ValueType::string:
            return "string";
        case ValueType::vector:
            return "vector";
        case ValueType::matrix:
            return "matrix";
    }
    PILOT_CHECK(false);
}

ValueType type_of(const Value& value) {
    constexpr ValueType kTypes[] = {ValueType::scalar, ValueType::string, ValueType::vector,
                                    ValueType::matrix};
    return kTypes[value.index()];
}

}  // namespace pilotlight::promql

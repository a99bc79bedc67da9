#include "exporters/query/syntax_tree.h"

#include <nlohmann/json.hpp>

#include "rules/promql/functions.h"
#include "rules/promql/printer.h"

namespace pilotlight::query {
namespace {

using Json = nlohmann::json;
using promql::Expr;

Json tree(const Expr& expr);

Json tree_or_null(const promql::ExprPtr& expr) {
    return expr == nullptr ? Json(nullptr) : tree(*expr);
}

Json milliseconds(Duration duration) {
    return duration.count();
}

std::string_view word(Matcher::Op op) {
    switch (op) {
        case Matcher::Op::equal:
            return "=";
        case Matcher::Op::not_equal:
            return "!=";
        case Matcher::Op::regexp:
            return "=~";
        case Matcher::Op::not_regexp:
            break;
    }
    return "!~";
}

std::string_view word(promql::MatchCardinality cardinality) {
    switch (cardinality) {
        case promql::MatchCardinality::one_to_one:
            return "one-to-one";
        case promql::MatchCardinality::many_to_one:
            return "many-to-one";
        case promql::MatchCardinality::one_to_many:
            return "one-to-many";
        case promql::MatchCardinality::many_to_many:
            break;
    }
    return "many-to-many";
}

/// `offset`, `timestamp` and `startOrEnd`.
void add_shift(Json& json, const promql::TimeShift& shift) {
    json["offset"] = milliseconds(shift.offset.value);
    json["timestamp"] = nullptr;
    json["startOrEnd"] = nullptr;
    if (!shift.at) return;
    switch (shift.at->kind) {
        case promql::AtModifier::Kind::time:
            json["timestamp"] = shift.at->time.time_since_epoch().count();
            break;
        case promql::AtModifier::Kind::start:
            json["startOrEnd"] = "start";
            break;
        case promql::AtModifier::Kind::end:
            json["startOrEnd"] = "end";
            break;
    }
}

Json selector(const promql::VectorSelector& selector, std::string_view type) {
    Json matchers = Json::array();
    for (const Matcher& matcher : selector.matchers) {
        matchers.push_back(
            {{"name", matcher.name()}, {"value", matcher.value()}, {"type", word(matcher.op())}});
    }
    Json json{{"type", type}, {"name", selector.name}, {"matchers", std::move(matchers)}};
    json["anchored"] = selector.mode == promql::RangeMode::anchored;
    json["smoothed"] = selector.mode == promql::RangeMode::smoothed;
    add_shift(json, selector.shift);
    return json;
}

Json matching(const promql::VectorMatching& matching) {
    const auto fill = [](const std::optional<double>& value) {
        return value ? Json(*value) : Json(nullptr);
    };
    return {
        {"card", word(matching.cardinality)},
        {"labels", matching.labels},
        {"on", matching.on},
        {"include", matching.include},
        {"fillValues", {{"lhs", fill(matching.fill_left)}, {"rhs", fill(matching.fill_right)}}}};
}

Json function(const promql::Function& function) {
    Json types = Json::array();
    for (std::size_t i = 0; i < function.argument_count(); ++i)
        types.push_back(to_string(function.arguments[i]));
    return {{"name", function.name},
            {"argTypes", std::move(types)},
            {"variadic", function.variadic},
            {"returnType", to_string(function.returns)}};
}

struct Node {
    Json operator()(const promql::NumberLiteral& number) const {
        return {{"type", "numberLiteral"}, {"val", promql::format_fixed(number.value)}};
    }
    Json operator()(const promql::StringLiteral& string) const {
        return {{"type", "stringLiteral"}, {"val", string.value}};
    }
    Json operator()(const promql::VectorSelector& vector) const {
        return selector(vector, "vectorSelector");
    }
    Json operator()(const promql::MatrixSelector& matrix) const {
        Json json = selector(matrix.selector, "matrixSelector");
        json["range"] = milliseconds(matrix.range.value);
        return json;
    }
    Json operator()(const promql::Subquery& subquery) const {
        Json json{{"type", "subquery"},
                  {"expr", tree(*subquery.expr)},
                  {"range", milliseconds(subquery.range.value)},
                  {"step", milliseconds(subquery.step.value)}};
        add_shift(json, subquery.shift);
        return json;
    }
    Json operator()(const promql::Call& call) const {
        Json arguments = Json::array();
        for (const promql::ExprPtr& argument : call.arguments)
            arguments.push_back(tree(*argument));
        return {
            {"type", "call"}, {"func", function(*call.function)}, {"args", std::move(arguments)}};
    }
    Json operator()(const promql::Aggregation& aggregation) const {
        return {{"type", "aggregation"},
                {"op", to_string(aggregation.op)},
                {"expr", tree(*aggregation.expr)},
                {"param", tree_or_null(aggregation.parameter)},
                {"grouping", aggregation.grouping},
                {"without", aggregation.without}};
    }
    Json operator()(const promql::Binary& binary) const {
        return {{"type", "binaryExpr"},
                {"op", to_string(binary.op)},
                {"lhs", tree(*binary.left)},
                {"rhs", tree(*binary.right)},
                {"matching", binary.matching ? matching(*binary.matching) : Json(nullptr)},
                {"bool", binary.return_bool}};
    }
    Json operator()(const promql::Unary& unary) const {
        return {
            {"type", "unaryExpr"}, {"op", unary.minus ? "-" : "+"}, {"expr", tree(*unary.expr)}};
    }
    Json operator()(const promql::Paren& paren) const {
        return {{"type", "parenExpr"}, {"expr", tree(*paren.expr)}};
    }
};

Json tree(const Expr& expr) {
    return std::visit(Node{}, expr.node);
}

}  // namespace

std::string syntax_tree(const Expr& expr) {
    return tree(expr).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace pilotlight::query

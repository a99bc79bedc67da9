#include "rules/narrowed_expr.h"

#include <algorithm>
#include <array>

#include "rules/promql/functions.h"

namespace pilotlight::rules {

namespace {

using promql::Expr;

/// What a row of one target rests on: on no series at all, on those of the same target, or on any.
enum class Scope { nothing, target, all };

/// Look at all series together, or make rows that carry no target.
constexpr std::array<std::string_view, 5> kOverAll = {"absent", "absent_over_time", "info",
                                                      "scalar", "vector"};

bool names_target(const std::vector<std::string>& labels) {
    return std::ranges::find(labels, kTargetLabel) != labels.end();
}

Scope scope_of(const Expr& expr);

struct ScopeOf {
    Scope operator()(const promql::NumberLiteral&) const { return Scope::nothing; }
    Scope operator()(const promql::StringLiteral&) const { return Scope::nothing; }
    Scope operator()(const promql::VectorSelector&) const { return Scope::target; }
    Scope operator()(const promql::MatrixSelector&) const { return Scope::target; }
    Scope operator()(const promql::Subquery& subquery) const { return scope_of(*subquery.expr); }
    Scope operator()(const promql::Unary& unary) const { return scope_of(*unary.expr); }
    Scope operator()(const promql::Paren& paren) const { return scope_of(*paren.expr); }

    Scope operator()(const promql::Call& call) const {
        const std::string_view name = call.function->name;
        if (std::ranges::find(kOverAll, name) != kOverAll.end()) return Scope::all;
        if ((name == "label_replace" || name == "label_join") && writes_target(call)) {
            return Scope::all;
        }
        Scope scope = Scope::nothing;
        for (const auto& argument : call.arguments)
            scope = std::max(scope, scope_of(*argument));
        // `hour()` alone is a row without a target.
        const bool made_of_nothing =
            scope == Scope::nothing && call.function->returns == promql::ValueType::vector;
        return made_of_nothing ? Scope::all : scope;
    }

    Scope operator()(const promql::Aggregation& aggregation) const {
        if (names_target(aggregation.grouping) == aggregation.without) return Scope::all;
        if (aggregation.parameter && scope_of(*aggregation.parameter) != Scope::nothing) {
            return Scope::all;
        }
        return scope_of(*aggregation.expr);
    }

    Scope operator()(const promql::Binary& binary) const {
        const Scope scope = std::max(scope_of(*binary.left), scope_of(*binary.right));
        if (!binary.matching || scope == Scope::all) return scope;
        const auto& matching = *binary.matching;
        if (matching.fill_left || matching.fill_right) return Scope::all;
        return names_target(matching.labels) == matching.on ? scope : Scope::all;
    }

  private:
    static bool writes_target(const promql::Call& call) {
        if (call.arguments.size() < 2) return true;
        const auto* label = std::get_if<promql::StringLiteral>(&call.arguments[1]->node);
        return label == nullptr || label->value == kTargetLabel;
    }
};

Scope scope_of(const Expr& expr) {
    return std::visit(ScopeOf(), expr.node);
}

}  // namespace

bool rests_on_one_target(const Expr& expr) {
    return expr.type == promql::ValueType::vector && scope_of(expr) == Scope::target;
}

}  // namespace pilotlight::rules

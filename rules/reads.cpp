#include "rules/reads.h"

#include "core/template/lex.h"
#include "core/template/unquote.h"
#include "rules/promql/parser.h"

namespace pilotlight::rules {

namespace {

void need(const promql::Expr& expr, Duration query_offset, const ReadDefaults& defaults,
          series::Retention& retention) {
    for (const auto& use : promql::selectors(expr, defaults.lookback)) {
        Duration reach = use.reach;
        // Looking back from an earlier time, even the newest sample is history.
        if (query_offset > Duration{0}) reach = std::max(reach, defaults.lookback) + query_offset;
        if (use.metric_name.empty()) {
            retention.everything = std::max(retention.everything, reach);
        } else {
            retention.need(use.metric_name, reach);
        }
    }
}

/// Every constant of a text that has `query` in it, where it reads as an expression.
void need(const Text& text, const ReadDefaults& defaults, series::Retention& retention) {
    if (text.plain || text.source.find("query") == std::string::npos) return;
    for (const auto& token : tmpl::lex(text.source)) {
        if (token.kind != tmpl::TokenKind::string && token.kind != tmpl::TokenKind::raw_string) {
            continue;
        }
        const auto constant = tmpl::unquote(token.value);
        if (!constant) continue;
        const auto expr = promql::parse(*constant, {.compatibility = defaults.compatibility});
        if (expr) need(**expr, Duration{0}, defaults, retention);
    }
}

}  // namespace

std::vector<promql::SelectorUse> selectors_of(const Rule& rule, const ReadDefaults& defaults) {
    return promql::selectors(*rule.expr, defaults.lookback);
}

void add_needs(const Rule& rule, Duration query_offset, const ReadDefaults& defaults,
               series::Retention& retention) {
    need(*rule.expr, query_offset, defaults, retention);
    for (const auto* texts : {&rule.labels, &rule.annotations}) {
        for (const auto& text : *texts)
            need(text, defaults, retention);
    }
}

}  // namespace pilotlight::rules

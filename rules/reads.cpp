#include "rules/reads.h"

#include <algorithm>

#include "core/template/lex.h"
#include "core/template/unquote.h"
#include "rules/promql/parser.h"
#include "rules/promql/quoting.h"

namespace pilotlight::rules {

namespace {

/// Stands for what an expression has only when a text is expanded; as a metric's name: any.
constexpr std::string_view kUnknown = "unknown_until_expanded";

void need(const promql::Expr& expr, Duration query_offset, const ReadDefaults& defaults,
          series::Retention& retention) {
    add_needs(promql::selectors(expr, defaults.lookback), query_offset, defaults, retention);
}

/// Constants of one text that are tried together.
constexpr std::size_t kPiecesMax = 12;

/// The constant with what printf would put in: numbers for those of numbers, else `filling`.
std::string filled(std::string_view constant, std::string_view filling) {
    std::string out;
    for (std::size_t at = 0; at < constant.size(); ++at) {
        if (constant[at] != '%') {
            out += constant[at];
            continue;
        }
        at = std::min(constant.find_first_not_of("+-# 0123456789.*[]", at + 1), constant.size());
        if (at == constant.size()) break;
        switch (constant[at]) {
            case '%':
                out += '%';
                break;
            case 'q':
                out += promql::quote(filling);
                break;
            case 's':
            case 'v':
                out += filling;
                break;
            default:
                out += '1';
        }
    }
    return out;
}

/// What the texts of one rule give to `query`, as far as it can be told before they are expanded.
class TextNeeds {
  public:
    TextNeeds(const ReadDefaults& defaults, series::Retention& retention)
        : defaults_(defaults), retention_(retention) {}

    void add(const Text& text) {
        if (text.plain || text.source.find("query") == std::string::npos) return;
        std::vector<std::string> pieces;
        for (const auto& token : tmpl::lex(text.source)) {
            const bool constant =
                token.kind == tmpl::TokenKind::string || token.kind == tmpl::TokenKind::raw_string;
            const auto value = constant ? tmpl::unquote(token.value) : std::nullopt;
            if (!value || reads(*value)) continue;
            pieces.push_back(filled(*value, kUnknown));
            if (!reads(pieces.back())) reads(filled(*value, "1"));
        }
        add_joined(pieces);
    }

  private:
    /// `print "rate(x{a='" $labels.a "'}[1h])"`: pieces that stand behind each other are an
    /// expression with something unknown between them.
    void add_joined(const std::vector<std::string>& pieces) {
        const std::size_t count = std::min(pieces.size(), kPiecesMax);
        for (std::size_t first = 0; first < count; ++first) {
            std::string joined = pieces[first];
            for (std::size_t next = first + 1; next < count; ++next) {
                joined.append(kUnknown).append(pieces[next]);
                reads(joined);
            }
        }
    }

    /// Whether it is an expression; then what it reads is needed.
    bool reads(const std::string& text) {
        const auto expr = promql::parse(text, {.compatibility = defaults_.compatibility});
        if (expr) need(**expr, Duration{0}, defaults_, retention_);
        return expr.has_value();
    }

    const ReadDefaults& defaults_;
    series::Retention& retention_;
};

}  // namespace

std::vector<promql::SelectorUse> selectors_of(const Rule& rule, const ReadDefaults& defaults) {
    return promql::selectors(*rule.expr, defaults.lookback);
}

void add_text_needs(const Rule& rule, const ReadDefaults& defaults, series::Retention& retention) {
    TextNeeds of_texts(defaults, retention);
    for (const auto* texts : {&rule.labels, &rule.annotations}) {
        for (const auto& text : *texts)
            of_texts.add(text);
    }
}

void add_needs(const std::vector<promql::SelectorUse>& selectors, Duration query_offset,
               const ReadDefaults& defaults, series::Retention& retention) {
    for (const auto& use : selectors) {
        Duration reach = use.reach;
        // Looking back from an earlier time, even the newest sample is history.
        if (query_offset > Duration{0}) reach = std::max(reach, defaults.lookback) + query_offset;
        if (use.metric_name.empty() || use.metric_name == kUnknown) {
            retention.everything = std::max(retention.everything, reach);
        } else {
            retention.need(use.metric_name, reach);
        }
    }
}

}  // namespace pilotlight::rules

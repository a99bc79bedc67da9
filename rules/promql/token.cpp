#include "rules/promql/token.h"

#include "rules/promql/quoting.h"

namespace pilotlight::promql {
namespace {

/// Where a keyword's spelling differs with its case, messages show the spelling; operators that
/// are signs, and punctuation, are shown in quotes.
std::string quoted_short(std::string_view text) {
    constexpr std::size_t kShownMax = 10;
    if (text.size() <= kShownMax) return quote(text);
    return quote(text.substr(0, kShownMax)) + "...";
}

}  // namespace

bool may_name_metric(TokenKind kind) {
    switch (kind) {
        case TokenKind::identifier:
        case TokenKind::metric_identifier:
        case TokenKind::op_and:
        case TokenKind::op_or:
        case TokenKind::op_unless:
        case TokenKind::by:
        case TokenKind::without:
        case TokenKind::offset:
        case TokenKind::start:
        case TokenKind::stop:
        case TokenKind::step:
        case TokenKind::range:
        case TokenKind::anchored:
        case TokenKind::smoothed:
        case TokenKind::fill:
        case TokenKind::fill_left:
        case TokenKind::fill_right:
            return true;
        default:
            return is_aggregation(kind);
    }
}

std::string describe(const Token& token) {
    switch (token.kind) {
        case TokenKind::end:
            return "end of input";
        case TokenKind::error:
            return std::string(token.text);
        case TokenKind::identifier:
            return "identifier " + quote(token.text);
        case TokenKind::metric_identifier:
            return "metric identifier " + quote(token.text);
        case TokenKind::string:
            return "string " + quoted_short(token.text);
        case TokenKind::number:
            return "number " + quoted_short(token.text);
        case TokenKind::duration:
            return "duration " + quoted_short(token.text);
        default:
            break;
    }
    if (is_operator(token.kind)) return "<op:" + std::string(token.text) + ">";
    if (is_aggregation(token.kind)) return "<aggr:" + std::string(token.text) + ">";
    if (is_keyword(token.kind)) return "<" + std::string(token.text) + ">";
    return quote(token.text);
}

}  // namespace pilotlight::promql

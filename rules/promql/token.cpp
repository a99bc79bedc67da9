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

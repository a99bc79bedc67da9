#include "rules/promql/keywords.h"

#include <algorithm>
#include <array>
#include <string>

namespace pilotlight::promql {
namespace {

struct Keyword {
    std::string_view text;
    TokenKind kind;
    bool since_3 = false;
};

constexpr std::array kKeywords{
    Keyword{"and", TokenKind::op_and},
    Keyword{"or", TokenKind::op_or},
    Keyword{"unless", TokenKind::op_unless},
    Keyword{"atan2", TokenKind::op_atan2},
    Keyword{"sum", TokenKind::sum},
    Keyword{"avg", TokenKind::avg},
    Keyword{"count", TokenKind::count},
    Keyword{"min", TokenKind::min},
    Keyword{"max", TokenKind::max},
    Keyword{"group", TokenKind::group},
    Keyword{"stddev", TokenKind::stddev},
    Keyword{"stdvar", TokenKind::stdvar},
    Keyword{"topk", TokenKind::topk},
    Keyword{"bottomk", TokenKind::bottomk},
    Keyword{"count_values", TokenKind::count_values},
    Keyword{"quantile", TokenKind::quantile},
    Keyword{"limitk", TokenKind::limitk, true},
    Keyword{"limit_ratio", TokenKind::limit_ratio, true},
    Keyword{"offset", TokenKind::offset},
    Keyword{"by", TokenKind::by},
    Keyword{"without", TokenKind::without},
    Keyword{"on", TokenKind::on},
    Keyword{"ignoring", TokenKind::ignoring},
    Keyword{"group_left", TokenKind::group_left},
    Keyword{"group_right", TokenKind::group_right},
    Keyword{"bool", TokenKind::bool_modifier},
    Keyword{"anchored", TokenKind::anchored, true},
    Keyword{"smoothed", TokenKind::smoothed, true},
    Keyword{"fill", TokenKind::fill, true},
    Keyword{"fill_left", TokenKind::fill_left, true},
    Keyword{"fill_right", TokenKind::fill_right, true},
    Keyword{"start", TokenKind::start},
    Keyword{"end", TokenKind::stop},
    Keyword{"step", TokenKind::step, true},
    Keyword{"range", TokenKind::range, true},
    Keyword{"inf", TokenKind::number},
    Keyword{"nan", TokenKind::number},
};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

}  // namespace

std::optional<TokenKind> find_keyword(std::string_view word, Compatibility compatibility) {
    const std::string lowered = lower(word);
    const auto* found = std::ranges::find(kKeywords, std::string_view(lowered), &Keyword::text);
    if (found == kKeywords.end()) return std::nullopt;
    if (found->since_3 && compatibility != Compatibility::prometheus3) return std::nullopt;
    return found->kind;
}

}  // namespace pilotlight::promql

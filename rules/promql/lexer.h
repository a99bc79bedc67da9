#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/compatibility.h"
#include "rules/promql/token.h"

namespace pilotlight::promql {

/// A text in pieces, comments and blanks left out. The last token is `end` or `error`.
struct Tokens {
    std::vector<Token> list;
    /// What the texts of error tokens are views of.
    std::deque<std::string> messages;
};

/// Never fails: what is no token ends the list with an `error` token that says why.
/// The tokens are views of `text`.
[[nodiscard]] Tokens tokenize(std::string_view text, Compatibility compatibility);

}  // namespace pilotlight::promql

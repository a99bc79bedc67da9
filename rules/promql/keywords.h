#pragma once

#include <optional>
#include <string_view>

#include "rules/promql/compatibility.h"
#include "rules/promql/token.h"

namespace pilotlight::promql {

/// What a word means that is no name, in any case of letters; nothing where it is one.
/// Source: promql/parser/lex.go, key.
[[nodiscard]] std::optional<TokenKind> find_keyword(std::string_view word,
                                                    Compatibility compatibility);

}  // namespace pilotlight::promql

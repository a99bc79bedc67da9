#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pilotlight::tmpl {

/// What stands between `{{` and `}}`, and the text around it.
enum class TokenKind {
    error,
    end_of_text,
    text,
    left_delim,
    right_delim,
    space,
    assign,   // =
    declare,  // :=
    pipe,     // |
    left_paren,
    right_paren,
    character,  // any other printable ASCII, `,` above all
    boolean,
    number,
    char_constant,
    string,      // quoted, still with its quotes
    raw_string,  // in backquotes, still with them
    dot,
    field,  // .Name
    identifier,
    variable,  // $ or $name
    nil,
    keyword,  // if, end, range, ...
};

struct Token {
    TokenKind kind = TokenKind::end_of_text;
    /// The text itself; of an error what is wrong.
    std::string value;
    /// Bytes from the beginning of the template.
    std::size_t at = 0;
    /// From 1.
    int line = 1;
};

/// All tokens; the last is `end_of_text` or `error`. White space next to trim markers and comments
/// are gone. Words of the errors are Go's (text/template/parse, lex.go).
[[nodiscard]] std::vector<Token> lex(std::string_view text);

}  // namespace pilotlight::tmpl

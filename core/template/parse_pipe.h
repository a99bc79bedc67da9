#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/template/functions.h"
#include "core/template/token_reader.h"
#include "core/template/tree.h"

namespace pilotlight::tmpl {

/// Reads pipelines, and knows which variables each of them may name.
class PipeParser {
  public:
    /// Both outlive it; only the names of `functions` are looked at.
    PipeParser(TokenReader& tokens, const Functions& functions)
        : tokens_(tokens), functions_(functions) {}

    /// One pipeline and the token `end` behind it. Errors are the reader's.
    Pipe read(std::string_view context, TokenKind end);

    using Variables = std::vector<std::string>;
    /// The names that are visible here, `$` first.
    [[nodiscard]] Variables& variables() { return variables_; }

  private:
    void declarations(Pipe& pipe, std::string_view context);
    void declare(Pipe& pipe, const Token& variable);
    void check(const Pipe& pipe, std::string_view context);
    Command command();
    Operand operand();
    Operand term();
    void known(const Token& variable);
    [[nodiscard]] bool is_function(std::string_view name) const;
    Value constant(const Token& token);
    Value number(const Token& token);

    TokenReader& tokens_;
    const Functions& functions_;
    Variables variables_ = {"$"};
};

}  // namespace pilotlight::tmpl

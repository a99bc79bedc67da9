#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/template/lex.h"

/// Inside of the template parser.
namespace pilotlight::tmpl {

/// The tokens of one text, one after the other, and the first error in them. After it every token
/// is the end, so that all loops come to theirs.
class TokenReader {
  public:
    /// `name` is how errors call the text.
    TokenReader(std::string_view name, std::string_view text);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const std::shared_ptr<const std::string>& text() const { return text_; }

    [[nodiscard]] const Token& peek() const { return error_ ? end_ : tokens_[at_]; }
    [[nodiscard]] const Token& peek_non_space();
    Token next();
    Token next_non_space();
    /// The next that is no space, of which any other kind is an error.
    Token expect(TokenKind kind, std::string_view context);
    /// Whether an action that starts with `word` begins here; then it is read past the word.
    bool begins(std::string_view word);
    /// Where the token before this one ended.
    [[nodiscard]] std::size_t end_of_last() const;

    /// For reading again what was read since.
    [[nodiscard]] std::size_t mark() const { return at_; }
    void back_to(std::size_t mark) { at_ = mark; }

    void fail(const Token& at, std::string_view why);
    void unexpected(const Token& token, std::string_view context);
    [[nodiscard]] bool failed() const { return error_.has_value(); }
    [[nodiscard]] const std::optional<Error>& error() const { return error_; }

    /// One more level of blocks and parentheses, as long as it lives; too many are an error.
    class Level {
      public:
        explicit Level(TokenReader& reader);
        ~Level() { --reader_.depth_; }
        Level(const Level&) = delete;
        Level& operator=(const Level&) = delete;
        [[nodiscard]] explicit operator bool() const { return !reader_.failed(); }

      private:
        TokenReader& reader_;
    };

  private:
    std::string name_;
    std::shared_ptr<const std::string> text_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    std::optional<Error> error_;
    const Token end_{};
    int depth_ = 0;
};

[[nodiscard]] inline bool is_keyword(const Token& token, std::string_view word) {
    return token.kind == TokenKind::keyword && token.value == word;
}

}  // namespace pilotlight::tmpl

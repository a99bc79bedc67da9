#include "rules/promql/lexer.h"

#include <fmt/format.h>

#include <algorithm>

#include "rules/promql/keywords.h"
#include "rules/promql/quoting.h"

namespace pilotlight::promql {
namespace {

/// Nobody writes so many; what could be said with fewer bytes each would take far more memory.
constexpr std::size_t kTokensMax = 1'000'000;

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
constexpr bool is_alnum(char c) {
    return is_alpha(c) || is_digit(c);
}
constexpr bool is_hex_digit(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
constexpr bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

class Lexer {
  public:
    Lexer(std::string_view text, Compatibility compatibility)
        : text_(text), utf8_(compatibility == Compatibility::prometheus3) {}

    Tokens run() {
        while (!done_)
            step();
        return std::move(tokens_);
    }

  private:
    [[nodiscard]] char at(std::size_t position) const {
        return position < text_.size() ? text_[position] : '\0';
    }
    [[nodiscard]] bool at_end() const { return position_ >= text_.size(); }

    void emit(TokenKind kind, std::size_t length) {
        if (tokens_.list.size() >= kTokensMax) {
            return error(fmt::format("expression has more than {} words and signs", kTokensMax),
                         position_);
        }
        tokens_.list.push_back({kind, text_.substr(position_, length), position_, length});
        position_ += length;
    }

    void error(std::string message, std::size_t offset, std::size_t length = 1) {
        tokens_.messages.push_back(std::move(message));
        tokens_.list.push_back({TokenKind::error, tokens_.messages.back(), offset, length});
        done_ = true;
    }

    /// The character at `position` as Go's %q shows one: 'x'.
    [[nodiscard]] std::string shown(std::size_t position) const {
        const std::string_view rest = text_.substr(position);
        const std::string quoted =
            quote(rest.substr(0, std::max<std::size_t>(utf8_length(rest), 1)));
        return "'" + quoted.substr(1, quoted.size() - 2) + "'";
    }

    void step();
    void end();
    void in_braces();
    void in_statement();
    bool common();
    bool sign(TokenKind plain, char second, TokenKind with_second);
    void bracket(char c);
    void word();
    void number_or_duration();
    void string(char quote_sign);
    [[nodiscard]] std::size_t number_length() const;
    [[nodiscard]] std::size_t duration_length(std::size_t from) const;

    std::string_view text_;
    bool utf8_;
    Tokens tokens_;
    std::size_t position_ = 0;
    bool done_ = false;
    bool braces_open_ = false;
    bool bracket_open_ = false;
    bool colon_seen_ = false;
    int parens_ = 0;
};

void Lexer::step() {
    while (is_space(at(position_)))
        ++position_;
    const bool bracket_opens =
        !tokens_.list.empty() && tokens_.list.back().kind == TokenKind::left_bracket;
    if (at(position_) == '#' && bracket_opens) {
        error("unexpected character in duration expression: '#'", position_);
    } else if (at(position_) == '#') {
        while (!at_end() && text_[position_] != '\n')
            ++position_;
    } else if (at_end()) {
        end();
    } else if (braces_open_) {
        in_braces();
    } else {
        in_statement();
    }
}

void Lexer::end() {
    if (braces_open_) {
        error("unexpected end of input inside braces", text_.size(), 0);
    } else if (bracket_open_) {
        error("unclosed left bracket", text_.size(), 0);
    } else if (parens_ > 0) {
        error("unclosed left parenthesis", text_.size(), 0);
    } else {
        tokens_.list.push_back({TokenKind::end, {}, text_.size(), 0});
        done_ = true;
    }
}

/// What is read alike inside and outside of braces.
bool Lexer::common() {
    const char c = at(position_);
    if (c == ',') {
        emit(TokenKind::comma, 1);
    } else if (c == '"' || c == '\'' || c == '`') {
        string(c);
    } else {
        return false;
    }
    return true;
}

void Lexer::in_braces() {
    if (common()) return;
    const char c = at(position_);
    const char next = at(position_ + 1);
    if (is_alpha(c)) {
        std::size_t length = 1;
        while (is_alnum(at(position_ + length)))
            ++length;
        emit(TokenKind::identifier, length);
    } else if (c == '=') {
        next == '~' ? emit(TokenKind::op_regexp, 2) : emit(TokenKind::equal, 1);
    } else if (c == '!' && next == '~') {
        emit(TokenKind::op_not_regexp, 2);
    } else if (c == '!' && next == '=') {
        emit(TokenKind::op_neq, 2);
    } else if (c == '!') {
        if (position_ + 1 >= text_.size())
            return error("unexpected end of input inside braces", text_.size(), 0);
        error("unexpected character after '!' inside braces: " + shown(position_ + 1),
              position_ + 1);
    } else if (c == '{') {
        error("unexpected left brace '{'", position_);
    } else if (c == '}') {
        emit(TokenKind::right_brace, 1);
        braces_open_ = false;
    } else {
        error("unexpected character inside braces: " + shown(position_), position_);
    }
}

bool Lexer::sign(TokenKind plain, char second, TokenKind with_second) {
    const bool two = at(position_ + 1) == second;
    emit(two ? with_second : plain, two ? 2 : 1);
    return true;
}

void Lexer::in_statement() {
    if (common()) return;
    const char c = at(position_);
    const char next = at(position_ + 1);
    if (is_digit(c) || (c == '.' && is_digit(next))) return number_or_duration();
    if (is_alpha(c) || (c == ':' && !bracket_open_)) return word();
    switch (c) {
        case '+':
            return emit(TokenKind::op_add, 1);
        case '-':
            return emit(TokenKind::op_sub, 1);
        case '*':
            return emit(TokenKind::op_mul, 1);
        case '/':
            return emit(TokenKind::op_div, 1);
        case '%':
            return emit(TokenKind::op_mod, 1);
        case '^':
            return emit(TokenKind::op_pow, 1);
        case '@':
            return emit(TokenKind::op_at, 1);
        case '<':
            return void(sign(TokenKind::op_lss, '=', TokenKind::op_lte));
        case '>':
            return void(sign(TokenKind::op_gtr, '=', TokenKind::op_gte));
        case '=':
            if (next == '~') return error("unexpected character after '=': '~'", position_ + 1);
            return void(sign(TokenKind::equal, '=', TokenKind::op_eql));
        case '!':
            if (next == '=') return emit(TokenKind::op_neq, 2);
            if (position_ + 1 >= text_.size()) return error("unexpected character: '!'", position_);
            return error("unexpected character after '!': " + shown(position_ + 1), position_ + 1);
        default:
            return bracket(c);
    }
}

void Lexer::bracket(char c) {
    switch (c) {
        case '{':
            emit(TokenKind::left_brace, 1);
            braces_open_ = true;
            return;
        case '}':
            return error("unexpected right brace '}'", position_);
        case '(':
            ++parens_;
            return emit(TokenKind::left_paren, 1);
        case ')':
            if (parens_ == 0) return error("unexpected right parenthesis ')'", position_);
            --parens_;
            return emit(TokenKind::right_paren, 1);
        case '[':
            if (bracket_open_) return error("unexpected left bracket '['", position_);
            bracket_open_ = true;
            colon_seen_ = false;
            return emit(TokenKind::left_bracket, 1);
        case ']':
            if (!bracket_open_) return error("unexpected right bracket ']'", position_);
            bracket_open_ = false;
            return emit(TokenKind::right_bracket, 1);
        case ':':
            if (colon_seen_) return error("unexpected colon ':'", position_);
            colon_seen_ = true;
            return emit(TokenKind::colon, 1);
        default:
            return error("unexpected character: " + shown(position_), position_);
    }
}

void Lexer::word() {
    std::size_t length = 1;
    // A colon inside brackets parts range and step.
    while (is_alnum(at(position_ + length)) || (at(position_ + length) == ':' && !bracket_open_)) {
        ++length;
    }
    const std::string_view text = text_.substr(position_, length);
    const auto keyword =
        find_keyword(text, utf8_ ? Compatibility::prometheus3 : Compatibility::prometheus2);
    if (keyword) {
        emit(*keyword, length);
    } else if (text.find(':') != std::string_view::npos) {
        emit(TokenKind::metric_identifier, length);
    } else {
        emit(TokenKind::identifier, length);
    }
}

/// The longest number at the position: decimal or hexadecimal, with underscores between digits.
std::size_t Lexer::number_length() const {
    std::size_t end = position_;
    const auto underscore_at = [&](std::size_t p, bool hex) {
        const char after = at(p + 1);
        return utf8_ && at(p) == '_' && (hex ? is_hex_digit(after) : is_digit(after));
    };
    if (at(end) == '0' && (at(end + 1) == 'x' || at(end + 1) == 'X')) {
        end += 2;
        while (is_hex_digit(at(end)) || underscore_at(end, true))
            ++end;
        return end - position_;
    }
    const auto digits = [&] {
        while (is_digit(at(end)) || (end > position_ && underscore_at(end, false)))
            ++end;
    };
    digits();
    if (at(end) == '.') {
        ++end;
        digits();
    }
    if (at(end) == 'e' || at(end) == 'E') {
        ++end;
        if (at(end) == '+' || at(end) == '-') ++end;
        digits();
    }
    return end - position_;
}

/// `1h30m` from `from` on; 0 where there is none.
std::size_t Lexer::duration_length(std::size_t from) const {
    std::size_t end = from;
    while (is_digit(at(end))) {
        while (is_digit(at(end)))
            ++end;
        if (std::string_view("smhdwy").find(at(end)) == std::string_view::npos || at(end) == '\0') {
            return 0;
        }
        ++end;
        if (at(end) == 's') ++end;
    }
    return end - from;
}

void Lexer::number_or_duration() {
    const std::size_t number = number_length();
    if (!is_alnum(at(position_ + number))) return emit(TokenKind::number, number);
    const std::size_t duration = duration_length(position_);
    if (duration > 0 && !is_alnum(at(position_ + duration))) {
        return emit(TokenKind::duration, duration);
    }
    std::size_t bad = number;
    while (is_alnum(at(position_ + bad)))
        ++bad;
    error("bad number or duration syntax: " + quote(text_.substr(position_, bad)), position_, bad);
}

void Lexer::string(char quote_sign) {
    std::size_t end = position_ + 1;
    const bool raw = quote_sign == '`';
    while (true) {
        if (end >= text_.size()) {
            return error(raw ? "unterminated raw string" : "unterminated quoted string", position_,
                         text_.size() - position_);
        }
        const char c = text_[end];
        if (c == quote_sign) break;
        if (!raw && c == '\n') {
            return error("unterminated quoted string", position_, end - position_);
        }
        if (!raw && c == '\\') {
            if (end + 1 >= text_.size()) {
                return error("escape sequence not terminated", end, text_.size() - end);
            }
            ++end;
        }
        ++end;
    }
    const std::size_t length = end + 1 - position_;
    const std::string_view literal = text_.substr(position_, length);
    // The replacement character stands for what was broken before it came here.
    if (!is_valid_utf8(literal) || literal.find("\xEF\xBF\xBD") != literal.npos) {
        return error("invalid UTF-8 rune", position_, length);
    }
    if (auto meant = unquote(literal); !meant) {
        return error(meant.error(), position_, length);
    }
    emit(TokenKind::string, length);
}

}  // namespace

Tokens tokenize(std::string_view text, Compatibility compatibility) {
    return Lexer(text, compatibility).run();
}

}  // namespace pilotlight::promql

#include "core/template/token_reader.h"

#include <fmt/format.h>

#include "core/template/functions.h"
#include "core/template/tree.h"

namespace pilotlight::tmpl {

namespace {

/// Blocks and parentheses inside of one another.
constexpr int kNestingMax = 100;

std::string shown(const Token& token) {
    switch (token.kind) {
        case TokenKind::end_of_text:
            return "EOF";
        case TokenKind::error:
            return token.value;
        case TokenKind::dot:
        case TokenKind::nil:
        case TokenKind::keyword:
            return fmt::format("<{}>", token.value);
        default:
            break;
    }
    if (token.value.size() > 10) return quote(token.value.substr(0, 10)) + "...";
    return quote(token.value);
}

}  // namespace

TokenReader::TokenReader(std::string_view name, std::string_view text)
    : name_(name), text_(std::make_shared<const std::string>(text)), tokens_(lex(*text_)) {}

Token TokenReader::next() {
    if (error_) return end_;
    const Token& token = tokens_[at_];
    if (token.kind == TokenKind::error) {
        fail(token, token.value);
        return end_;
    }
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
}

const Token& TokenReader::peek_non_space() {
    while (peek().kind == TokenKind::space)
        next();
    return peek();
}

Token TokenReader::next_non_space() {
    static_cast<void>(peek_non_space());
    return next();
}

Token TokenReader::expect(TokenKind kind, std::string_view context) {
    const Token token = next_non_space();
    if (token.kind != kind && !error_) unexpected(token, context);
    return token;
}

bool TokenReader::begins(std::string_view word) {
    if (peek().kind != TokenKind::left_delim) return false;
    const std::size_t before = at_;
    next();
    if (is_keyword(peek_non_space(), word)) {
        next();
        return true;
    }
    at_ = before;
    return false;
}

std::size_t TokenReader::end_of_last() const {
    for (std::size_t i = at_; i-- > 0;) {
        if (tokens_[i].kind != TokenKind::space) return tokens_[i].at + tokens_[i].value.size();
    }
    return 0;
}

void TokenReader::fail(const Token& at, std::string_view why) {
    if (error_) return;
    const auto [line, column] = line_and_column(*text_, at.at);
    error_ =
        Error(fmt::format("template: {}:{}: {}", name_, line, why), Location{"", line, column + 1});
}

void TokenReader::unexpected(const Token& token, std::string_view context) {
    if (token.kind == TokenKind::error) return fail(token, token.value);
    fail(token, fmt::format("unexpected {} in {}", shown(token), context));
}

TokenReader::Level::Level(TokenReader& reader) : reader_(reader) {
    if (++reader_.depth_ <= kNestingMax) return;
    reader_.fail(reader_.peek(), fmt::format("nested more than {} levels deep", kNestingMax));
}

}  // namespace pilotlight::tmpl

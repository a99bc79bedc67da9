#include "rules/promql/parse_state.h"

#include <fmt/format.h>

#include <algorithm>

namespace pilotlight::promql {

ParseState::ParseState(std::string_view text, const ParseOptions& options)
    : text_(text), options_(options), tokens_(tokenize(text, options.compatibility)) {}

const Token& ParseState::peek(std::size_t ahead) const {
    return tokens_.list[std::min(position_ + ahead, tokens_.list.size() - 1)];
}

Token ParseState::take() {
    const Token token = peek();
    if (position_ + 1 < tokens_.list.size()) ++position_;
    return token;
}

bool ParseState::take_if(TokenKind kind) {
    if (failed() || peek().kind != kind) return false;
    take();
    return true;
}

bool ParseState::expect(TokenKind kind, std::string_view context, std::string_view expected) {
    if (take_if(kind)) return true;
    unexpected(context, expected);
    return false;
}

void ParseState::fail(std::string message, std::size_t offset, std::size_t length) {
    if (!error_) error_ = SyntaxError{std::move(message), offset, length};
}

void ParseState::unexpected(std::string_view context, std::string_view expected) {
    const Token& token = peek();
    if (token.kind == TokenKind::error) return fail(std::string(token.text), token);
    std::string message = "unexpected " + promql::describe(token);
    if (!context.empty()) message += fmt::format(" in {}", context);
    if (!expected.empty()) message += fmt::format(", expected {}", expected);
    fail(std::move(message), token);
}

std::size_t ParseState::end_of_last() const {
    if (position_ == 0) return 0;
    const Token& last = tokens_.list[position_ - 1];
    return last.offset + last.length;
}

ParseState::Made ParseState::make(Expr::Node node, ValueType type, std::size_t offset) {
    if (failed()) return nullptr;
    auto made = std::make_unique<Expr>();
    made->node = std::move(node);
    made->type = type;
    made->offset = offset;
    made->length = std::max(end_of_last(), offset) - offset;
    for (const Expr* child : children(*made)) {
        made->height = std::max(made->height, child->height + 1);
    }
    if (made->height > static_cast<std::uint32_t>(options_.depth_limit)) {
        fail(fmt::format("expression is nested more than {} deep", options_.depth_limit), *made);
        return nullptr;
    }
    return made;
}

ParseState::Made ParseState::parse_whole() {
    if (peek().kind == TokenKind::end) {
        fail("no expression found in input", 0, 0);
        return nullptr;
    }
    Made root = parse_expr(0);
    if (!failed() && peek().kind != TokenKind::end) unexpected("", "");
    if (failed()) return nullptr;
    root->selector_count = selectors_;
    return root;
}

ParseState::Made ParseState::parse_whole_selector() {
    Made made = parse_selector();
    if (!failed() && peek().kind != TokenKind::end) unexpected("", "");
    return failed() ? nullptr : std::move(made);
}

DepthGuard::DepthGuard(ParseState& state) : state_(state) {
    if (++state_.depth_ > state_.options_.depth_limit) {
        state_.fail(
            fmt::format("expression is nested more than {} deep", state_.options_.depth_limit),
            state_.peek());
    }
}

}  // namespace pilotlight::promql

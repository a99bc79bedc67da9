#include "rules/promql/parser.h"

#include <fmt/format.h>

#include "rules/promql/parse_state.h"

namespace pilotlight::promql {

std::string place_of(std::size_t offset, std::string_view text) {
    std::size_t line = 1;
    std::size_t line_start = 0;
    for (std::size_t i = 0; i < std::min(offset, text.size()); ++i) {
        if (text[i] != '\n') continue;
        ++line;
        line_start = i + 1;
    }
    return fmt::format("{}:{}", line, offset - line_start + 1);
}

std::string describe(const SyntaxError& error, std::string_view text) {
    return fmt::format("{}: parse error: {}", place_of(error.offset, text), error.message);
}

std::expected<std::shared_ptr<const Expr>, SyntaxError> parse(std::string_view text,
                                                              const ParseOptions& options) {
    if (text.size() > options.text_limit) {
        return std::unexpected(SyntaxError{
            fmt::format("expression is longer than {} bytes", options.text_limit), 0, 0});
    }
    ParseState state(text, options);
    std::unique_ptr<Expr> root = state.parse_whole();
    if (state.error()) return std::unexpected(*state.error());
    return std::shared_ptr<const Expr>(std::move(root));
}

}  // namespace pilotlight::promql

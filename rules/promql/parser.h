#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "rules/promql/ast.h"
#include "rules/promql/compatibility.h"
#include "rules/promql/value.h"

namespace pilotlight::promql {

struct ParseOptions {
    Compatibility compatibility = Compatibility::prometheus3;
    /// Nesting beyond it is refused, so that no text can exhaust the stack.
    int depth_limit = 400;
    std::size_t text_limit = 1 << 20;
};

/// `offset` and `length` are bytes of the text; the message is worded like Prometheus's, without
/// its "1:5: parse error: ".
struct SyntaxError {
    std::string message;
    std::size_t offset = 0;
    std::size_t length = 0;
};

/// `LINE:COL` of a byte of the text, both counted from 1, as Prometheus prints places.
[[nodiscard]] std::string place_of(std::size_t offset, std::string_view text);

/// `LINE:COL: parse error: MESSAGE`, both counted from 1 within `text`, as Prometheus prints it.
[[nodiscard]] std::string describe(const SyntaxError& error, std::string_view text);

/// Reads and type-checks one expression. What is returned is immutable and may be shared by
/// threads.
[[nodiscard]] std::expected<std::shared_ptr<const Expr>, SyntaxError> parse(
    std::string_view text, const ParseOptions& options = {});

}  // namespace pilotlight::promql

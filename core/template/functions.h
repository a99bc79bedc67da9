#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "core/template/value.h"

namespace pilotlight::tmpl {

/// The longest text that a function makes. Those that can make much of little stop beyond it, and
/// the executor refuses what is longer.
inline constexpr std::size_t kMadeTextMax = 16 << 20;

/// A function that templates may call. The number of arguments is checked before the call.
struct Function {
    std::function<Result<Value>(std::span<const Value> args)> call;
    std::size_t min_args = 0;
    /// SIZE_MAX where the last may be repeated.
    std::size_t max_args = 0;
    /// What a call counts for on top of its texts: see ExecuteLimits::function_bytes. Null for
    /// nothing.
    std::size_t (*cost)(std::span<const Value> args) = nullptr;
};

/// By name. Names of Go's own functions given here replace those.
using Functions = std::map<std::string, Function, std::less<>>;

/// Go's own: call, print, printf, println, len, index, slice, html, js, urlquery, not, eq, ne, lt,
/// le, gt, ge. (`and`, `or` stop early, so the executor has them.)
[[nodiscard]] const Functions& standard_functions();

/// Go's fmt.Sprintf, complaints such as `%!d(string=x)` included.
[[nodiscard]] std::string format(std::string_view format, std::span<const Value> args);
/// Go's strconv.FormatFloat(value, verb, precision, 64); precision -1 is the shortest that reads
/// back. Verbs b e E f g G x X.
[[nodiscard]] std::string format_real(double value, char verb, int precision);
/// Go's strconv.Quote.
[[nodiscard]] std::string quote(std::string_view text);
/// Go's text/template escapers.
[[nodiscard]] std::string escape_html(std::string_view text);
[[nodiscard]] std::string escape_js(std::string_view text);
/// Go's url.QueryEscape.
[[nodiscard]] std::string escape_query(std::string_view text);

}  // namespace pilotlight::tmpl

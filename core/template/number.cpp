#include "core/template/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

namespace pilotlight::tmpl {

namespace {

constexpr std::string_view kDecimal = "0123456789";
constexpr std::string_view kHexadecimal = "0123456789abcdefABCDEF";

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool same_word(std::string_view text, std::string_view word) {
    return std::ranges::equal(text, word, {}, lower);
}

/// Cuts a sign off, and says whether it was a minus.
bool cut_sign(std::string_view& text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    return negative;
}

/// 16, 8 or 2 where there is `0x`, `0o` or `0b`.
int base_of(std::string_view text) {
    if (text.size() < 2 || text[0] != '0') return 10;
    const char mark = lower(text[1]);
    return mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
}

/// Without its `_`, each of which must stand between digits, of which a base's prefix is one; a
/// text where one does not is nothing.
std::optional<std::string> without_underscores(std::string_view text) {
    const int base = base_of(text);
    const std::string_view digits = base == 16 ? kHexadecimal : kDecimal;
    std::string plain(text.substr(0, base == 10 ? 0 : 2));
    char last = base == 10 ? '.' : '0';
    for (const char c : text.substr(plain.size())) {
        const bool is_digit = digits.contains(c);
        if (c == '_' ? !digits.contains(last) : last == '_' && !is_digit) return std::nullopt;
        if (c != '_') plain += c;
        last = c;
    }
    if (last == '_') return std::nullopt;
    return plain;
}

/// Cuts off the digits that `text` begins with; whether there are any.
bool cut_digits(std::string_view& text, std::string_view digits) {
    const std::size_t count = std::min(text.find_first_not_of(digits), text.size());
    text.remove_prefix(count);
    return count > 0;
}

/// Go's floating-point literals: a hexadecimal one needs its exponent.
bool is_real(std::string_view text) {
    const bool hexadecimal = base_of(text) == 16;
    if (hexadecimal) text.remove_prefix(2);
    const std::string_view digits = hexadecimal ? kHexadecimal : kDecimal;
    bool any = cut_digits(text, digits);
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        any = cut_digits(text, digits) || any;
    }
    if (!any) return false;
    if (text.empty()) return !hexadecimal;
    if (lower(text[0]) != (hexadecimal ? 'p' : 'e')) return false;
    text.remove_prefix(1);
    cut_sign(text);
    return cut_digits(text, kDecimal) && text.empty();
}

/// Of a text that is_real.
std::optional<double> real_of(const std::string& text) {
    const bool hexadecimal = base_of(text) == 16;
    const char* begin = text.data() + (hexadecimal ? 2 : 0);
    double value = 0;
    const auto read =
        std::from_chars(begin, text.data() + text.size(), value,
                        hexadecimal ? std::chars_format::hex : std::chars_format::general);
    if (read.ec == std::errc{}) return value;
    // Too large or too small: only strtod tells which.
    value = std::strtod(text.c_str(), nullptr);
    if (std::isinf(value)) return std::nullopt;
    return value;
}

std::optional<Value> integer_of(std::string_view text, bool negative) {
    int base = base_of(text);
    if (base != 10) {
        text.remove_prefix(2);
    } else if (text.size() > 1 && text[0] == '0') {
        base = 8;
    }
    const char* end = text.data() + text.size();
    std::uint64_t size = 0;
    const auto read = std::from_chars(text.data(), end, size, base);
    constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (read.ec != std::errc{} || read.ptr != end || size > kMost + (negative ? 1 : 0)) {
        return std::nullopt;
    }
    return Value(static_cast<std::int64_t>(negative ? 0 - size : size));
}

}  // namespace

std::expected<double, std::string_view> parse_real(std::string_view text) {
    const bool has_sign = text.starts_with('-') || text.starts_with('+');
    const bool negative = cut_sign(text);
    const double sign = negative ? -1 : 1;
    if (same_word(text, "inf") || same_word(text, "infinity")) {
        return sign * std::numeric_limits<double>::infinity();
    }
    if (same_word(text, "nan") && !has_sign) return std::numeric_limits<double>::quiet_NaN();
    const auto plain = without_underscores(text);
    if (!plain || !is_real(*plain)) return std::unexpected("invalid syntax");
    const auto value = real_of(*plain);
    if (!value) return std::unexpected("value out of range");
    return sign * *value;
}

std::optional<Value> read_number(std::string_view text) {
    const bool negative = cut_sign(text);
    const auto plain = without_underscores(text);
    if (!plain) return std::nullopt;
    const std::string_view marks = base_of(*plain) == 16 ? ".pP" : ".eE";
    if (plain->find_first_of(marks) == std::string::npos) return integer_of(*plain, negative);
    if (!is_real(*plain)) return std::nullopt;
    const auto value = real_of(*plain);
    if (!value) return std::nullopt;
    return Value(negative ? -*value : *value);
}

}  // namespace pilotlight::tmpl

#include "rules/promql/quoting.h"

#include <fmt/format.h>

#include "core/template/functions.h"

#include <array>
#include <cstdint>
#include <optional>

namespace pilotlight::promql {
namespace {

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

void append_utf8(std::string& out, std::uint32_t point) {
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (point < 0x80) {
        put(point);
    } else if (point < 0x800) {
        put(0xc0U | point >> 6);
        put(0x80U | (point & 0x3fU));
    } else if (point < 0x10000) {
        put(0xe0U | point >> 12);
        put(0x80U | (point >> 6 & 0x3fU));
        put(0x80U | (point & 0x3fU));
    } else {
        put(0xf0U | point >> 18);
        put(0x80U | (point >> 12 & 0x3fU));
        put(0x80U | (point >> 6 & 0x3fU));
        put(0x80U | (point & 0x3fU));
    }
}

std::optional<std::uint32_t> digit_of(char c, std::uint32_t base) {
    std::uint32_t digit = 99;
    if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A' + 10);
    if (digit >= base) return std::nullopt;
    return digit;
}

/// `digits` digits at the front of `text`.
std::optional<std::uint32_t> number_of(std::string_view text, std::size_t digits,
                                       std::uint32_t base) {
    if (text.size() < digits) return std::nullopt;
    std::uint32_t number = 0;
    for (const char c : text.substr(0, digits)) {
        const auto digit = digit_of(c, base);
        if (!digit) return std::nullopt;
        number = number * base + *digit;
    }
    return number;
}

char simple_escape(char c) {
    switch (c) {
        case 'a':
            return '\a';
        case 'b':
            return '\b';
        case 'f':
            return '\f';
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        case 'v':
            return '\v';
        case '\\':
        case '\'':
        case '"':
            return c;
        default:
            return 0;
    }
}

/// Reads the escape at the front of `rest` (behind the backslash); returns its bytes, or 0 where
/// it is none.
std::size_t append_escape(std::string& out, std::string_view rest, char quote_sign) {
    if (rest.empty()) return 0;
    const char kind = rest[0];
    if (const char simple = simple_escape(kind); simple != 0) {
        const bool other_quote = (kind == '\'' || kind == '"') && kind != quote_sign;
        if (other_quote) return 0;
        out += simple;
        return 1;
    }
    if (kind == 'x') {
        const auto byte = number_of(rest.substr(1), 2, 16);
        if (!byte) return 0;
        out += static_cast<char>(*byte);
        return 3;
    }
    if (kind == 'u' || kind == 'U') {
        const std::size_t digits = kind == 'u' ? 4 : 8;
        const auto point = number_of(rest.substr(1), digits, 16);
        const bool surrogate = point && *point >= 0xd800 && *point < 0xe000;
        if (!point || surrogate || *point > 0x10ffff) return 0;
        append_utf8(out, *point);
        return 1 + digits;
    }
    const auto octal = number_of(rest, 3, 8);
    if (!octal || *octal > 255) return 0;
    out += static_cast<char>(*octal);
    return 3;
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
    if (text.empty()) return 0;
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return 1;
    std::size_t length = 0;
    std::uint32_t point = 0;
    if ((lead & 0xe0U) == 0xc0U) {
        length = 2;
        point = lead & 0x1fU;
    } else if ((lead & 0xf0U) == 0xe0U) {
        length = 3;
        point = lead & 0x0fU;
    } else if ((lead & 0xf8U) == 0xf0U) {
        length = 4;
        point = lead & 0x07U;
    }
    if (length == 0 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if (!is_continuation(text[i])) return 0;
        point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3fU);
    }
    constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = point >= 0xd800 && point < 0xe000;
    return point < kLeast[length] || surrogate || point > 0x10ffff ? 0 : length;
}

bool is_valid_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string quote(std::string_view text) {
    return tmpl::quote(text);
}

std::expected<std::string, std::string> unquote(std::string_view literal) {
    const auto bad = [&] {
        return std::unexpected(
            fmt::format("error unquoting string {}: invalid syntax", quote(literal)));
    };
    if (literal.size() < 2 || literal.front() != literal.back()) return bad();
    const char sign = literal.front();
    std::string_view rest = literal.substr(1, literal.size() - 2);
    if (sign == '`') return std::string(rest);
    std::string out;
    out.reserve(rest.size());
    while (!rest.empty()) {
        if (rest[0] != '\\') {
            if (rest[0] == '\n' || rest[0] == sign) return bad();
            out += rest[0];
            rest.remove_prefix(1);
            continue;
        }
        const std::size_t used = append_escape(out, rest.substr(1), sign);
        if (used == 0) return bad();
        rest.remove_prefix(1 + used);
    }
    return out;
}

}  // namespace pilotlight::promql

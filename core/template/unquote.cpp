#include "core/template/unquote.h"

#include <charconv>

#include "core/template/utf8.h"

namespace pilotlight::tmpl {

namespace {

std::optional<std::uint32_t> read_digits(std::string_view text, std::size_t count, int base) {
    if (text.size() < count) return std::nullopt;
    std::uint32_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + count, value, base);
    if (read.ec != std::errc{} || read.ptr != text.data() + count) return std::nullopt;
    return value;
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
        default:
            return '\0';
    }
}

/// Appends what the escape at the start of `text` (after the backslash) stands for; returns how
/// many bytes it takes, 0 where there is no such escape.
std::size_t append_escape(std::string& out, std::string_view text, char quote) {
    const char c = text.front();
    if (c == '\\' || c == quote) {
        out += c;
        return 1;
    }
    if (const char simple = simple_escape(c)) {
        out += simple;
        return 1;
    }
    if (c == 'x') {
        const auto code = read_digits(text.substr(1), 2, 16);
        if (!code) return 0;
        out += static_cast<char>(*code);
        return 3;
    }
    if (c == 'u' || c == 'U') {
        const std::size_t digits = c == 'u' ? 4 : 8;
        const auto code = read_digits(text.substr(1), digits, 16);
        if (!code || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff)) return 0;
        append_rune(out, *code);
        return digits + 1;
    }
    const auto code = read_digits(text, 3, 8);
    if (!code || *code > 255) return 0;
    out += static_cast<char>(*code);
    return 3;
}

}  // namespace

std::optional<std::string> unquote(std::string_view quoted) {
    if (quoted.size() < 2 || quoted.front() != quoted.back()) return std::nullopt;
    const char quote = quoted.front();
    const std::string_view inner = quoted.substr(1, quoted.size() - 2);
    std::string out;
    if (quote == '`') {
        for (const char c : inner) {
            if (c != '\r') out += c;
        }
        return out;
    }
    for (std::size_t at = 0; at < inner.size(); ++at) {
        if (inner[at] == quote || inner[at] == '\n') return std::nullopt;
        if (inner[at] != '\\') {
            out += inner[at];
            continue;
        }
        if (at + 1 == inner.size()) return std::nullopt;
        const std::size_t read = append_escape(out, inner.substr(at + 1), quote);
        if (read == 0) return std::nullopt;
        at += read;
    }
    const bool one_character = !out.empty() && decode_rune(out).bytes == out.size();
    if (quote == '\'' && !one_character) return std::nullopt;
    return out;
}

std::optional<char32_t> unquote_character(std::string_view quoted) {
    const auto text = unquote(quoted);
    if (!text) return std::nullopt;
    if (quoted[1] != '\\') return decode_rune(*text).code;
    // One escape is one character, even where its byte alone is no UTF-8.
    std::string same;
    if (append_escape(same, quoted.substr(2), '\'') + 3 != quoted.size()) return std::nullopt;
    if (text->size() == 1) return static_cast<unsigned char>(text->front());
    return decode_rune(*text).code;
}

}  // namespace pilotlight::tmpl

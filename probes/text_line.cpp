#include "probes/text_line.h"

#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdlib>

namespace pilotlight::probes {
namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}

bool is_name_part(char c) {
    return is_name_start(c) || (c >= '0' && c <= '9');
}

/// Bytes of the UTF-8 sequence that begins `text`; 0 where none does (RFC 3629).
std::size_t utf8_sequence(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    // Overlong forms, surrogates, beyond U+10FFFF.
    if (first == 0xe0 && byte(1) < 0xa0) return 0;
    if (first == 0xed && byte(1) > 0x9f) return 0;
    if (first == 0xf0 && byte(1) < 0x90) return 0;
    if (first == 0xf4 && byte(1) > 0x8f) return 0;
    return size;
}

}  // namespace

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t size = utf8_sequence(text);
        if (size == 0) return false;
        text.remove_prefix(size);
    }
    return true;
}

std::optional<double> parse_number(std::string_view text) {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) return std::nullopt;
    }
    // "nan(...)" is from_chars' own idea.
    if (text.empty() || text.find('(') != text.npos) return std::nullopt;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end != text.data() + text.size()) return std::nullopt;
    if (error == std::errc{}) return value;
    if (error != std::errc::result_out_of_range) return std::nullopt;
    // Out of range is too large or too small: only strtod tells which.
    static const locale_t c_locale = newlocale(LC_ALL_MASK, "C", nullptr);
    value = strtod_l(std::string(text).c_str(), nullptr, c_locale);
    if (std::isinf(value)) return std::nullopt;
    return value;
}

bool TextLine::skip_blanks() {
    const std::size_t before = at_;
    while (!at_end() && is_blank(text_[at_]))
        ++at_;
    return at_ > before;
}

bool TextLine::take(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
}

std::string_view TextLine::word() {
    const std::size_t begin = at_;
    while (!at_end() && !is_blank(text_[at_]))
        ++at_;
    return text_.substr(begin, at_ - begin);
}

std::string_view TextLine::name(bool colons) {
    const std::size_t begin = at_;
    const auto fits = [&](char c) { return colons || c != ':'; };
    if (!at_end() && is_name_start(text_[at_]) && fits(text_[at_])) {
        do
            ++at_;
        while (!at_end() && is_name_part(text_[at_]) && fits(text_[at_]));
    }
    return text_.substr(begin, at_ - begin);
}

Parsed<void> TextLine::quoted(std::string& out) {
    const std::size_t begin = at_;
    ++at_;
    out.clear();
    for (;;) {
        const std::size_t stop = text_.find_first_of("\"\\", at_);
        if (stop == text_.npos) return broken("a text in quotes without its end", begin);
        out.append(text_, at_, stop - at_);
        at_ = stop + 1;
        if (text_[stop] == '"') break;
        if (at_end()) return broken("a text in quotes without its end", begin);
        const char escaped = text_[at_++];
        if (escaped != '\\' && escaped != '"' && escaped != 'n') out += '\\';
        out += escaped == 'n' ? '\n' : escaped;
    }
    if (!is_utf8(out)) return broken("a text that is not UTF-8", begin);
    return {};
}

std::unexpected<Broken> TextLine::broken(std::string message) const {
    return broken(std::move(message), at_);
}

std::unexpected<Broken> TextLine::expected(std::string_view what) const {
    if (at_end()) return broken(fmt::format("expected {}, got the end of the line", what));
    const std::string_view seen = rest().substr(0, 20);
    return broken(is_utf8(seen) ? fmt::format("expected {}, got \"{}\"", what, seen)
                                : fmt::format("expected {}", what));
}

std::unexpected<Broken> TextLine::broken(std::string message, std::size_t at) {
    return std::unexpected(Broken{std::move(message), at + 1});
}

}  // namespace pilotlight::probes

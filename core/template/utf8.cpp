#include "core/template/utf8.h"

namespace pilotlight::tmpl {

namespace {

bool is_in(char32_t code, char32_t first, char32_t last) {
    return code >= first && code <= last;
}

}  // namespace

Rune decode_rune(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return {lead, 1, true};
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
    if (length == 0 || lead > 0xf4 || text.size() < length) return {};
    char32_t code = lead & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80U) return {};
        code = (code << 6U) | (byte(i) & 0x3fU);
    }
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    if (overlong || is_in(code, 0xd800, 0xdfff) || code > 0x10ffff) return {};
    return {code, length, true};
}

void append_rune(std::string& out, char32_t code) {
    if (is_in(code, 0xd800, 0xdfff) || code > 0x10ffff) code = 0xfffd;
    const auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0U | (code >> 6U));
        put(0x80U | (code & 0x3fU));
    } else if (code < 0x10000) {
        put(0xe0U | (code >> 12U));
        put(0x80U | ((code >> 6U) & 0x3fU));
        put(0x80U | (code & 0x3fU));
    } else {
        put(0xf0U | (code >> 18U));
        put(0x80U | ((code >> 12U) & 0x3fU));
        put(0x80U | ((code >> 6U) & 0x3fU));
        put(0x80U | (code & 0x3fU));
    }
}

std::size_t rune_count(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); at += decode_rune(text.substr(at)).bytes)
        ++count;
    return count;
}

std::string_view first_runes(std::string_view text, std::size_t count) {
    std::size_t at = 0;
    while (count > 0 && at < text.size()) {
        at += decode_rune(text.substr(at)).bytes;
        --count;
    }
    return text.substr(0, at);
}

bool is_printable(char32_t code) {
    if (code < 0x20 || is_in(code, 0x7f, 0xa0) || code == 0xad) return false;
    if (is_in(code, 0x2000, 0x200f) || is_in(code, 0x2028, 0x202f)) return false;
    if (is_in(code, 0x205f, 0x206f) || code == 0x3000 || code == 0xfeff) return false;
    if (is_in(code, 0xd800, 0xf8ff) || is_in(code, 0xfff0, 0xfffb)) return false;
    if ((code & 0xfffeU) == 0xfffe || code == 0x1680) return false;
    return code < 0xe0000;
}

bool is_name_rune(char32_t code) {
    if (code == '_' || is_in(code, '0', '9')) return true;
    if (is_in(code, 'a', 'z') || is_in(code, 'A', 'Z')) return true;
    return code >= 0xc0 && code != 0xd7 && code != 0xf7 && code != 0xfffd && is_printable(code) &&
           !is_in(code, 0x2010, 0x2bff) && !is_in(code, 0x3001, 0x3004);
}

char32_t to_upper(char32_t code) {
    if (is_in(code, 'a', 'z') || (is_in(code, 0xe0, 0xfe) && code != 0xf7)) return code - 32;
    if (code == 0xff) return 0x178;
    if (code == 0xb5) return 0x39c;
    if (is_in(code, 0x100, 0x137) || is_in(code, 0x14a, 0x177)) return code & ~char32_t{1};
    if (is_in(code, 0x139, 0x148) || is_in(code, 0x179, 0x17e)) {
        return (code & 1U) == 0 ? code - 1 : code;
    }
    if (is_in(code, 0x3b1, 0x3c9) && code != 0x3c2) return code - 32;
    if (code == 0x3c2) return 0x3a3;
    if (is_in(code, 0x430, 0x44f)) return code - 32;
    if (is_in(code, 0x450, 0x45f)) return code - 80;
    return code;
}

char32_t to_lower(char32_t code) {
    if (is_in(code, 'A', 'Z') || (is_in(code, 0xc0, 0xde) && code != 0xd7)) return code + 32;
    if (code == 0x178) return 0xff;
    if (is_in(code, 0x100, 0x137) || is_in(code, 0x14a, 0x177)) return code | 1U;
    if (is_in(code, 0x139, 0x148) || is_in(code, 0x179, 0x17e)) {
        return (code & 1U) == 1 ? code + 1 : code;
    }
    if (is_in(code, 0x391, 0x3a9)) return code + 32;
    if (is_in(code, 0x410, 0x42f)) return code + 32;
    if (is_in(code, 0x400, 0x40f)) return code + 80;
    return code;
}

}  // namespace pilotlight::tmpl

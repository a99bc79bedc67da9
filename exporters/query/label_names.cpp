#include "exporters/query/label_names.h"

#include <charconv>
#include <cstdint>
#include <optional>

#include "exporters/utf8.h"

namespace pilotlight::query {
namespace {

void append_utf8(std::string& out, std::uint32_t rune) {
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    const auto follow = [&](int shift) { put(0x80 | (rune >> shift & 0x3F)); };
    if (rune < 0x80) {
        put(rune);
    } else if (rune < 0x800) {
        put(0xC0 | rune >> 6);
        follow(0);
    } else if (rune < 0x10000) {
        put(0xE0 | rune >> 12);
        follow(6);
        follow(0);
    } else {
        put(0xF0 | rune >> 18);
        follow(12);
        follow(6);
        follow(0);
    }
}

/// The code point of `2e` in `_2e_`; nothing where it is none.
std::optional<std::uint32_t> read_code(std::string_view digits) {
    constexpr std::size_t kDigitsMax = 6;
    std::uint32_t rune = 0;
    if (digits.size() > kDigitsMax) return std::nullopt;
    const char* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, rune, 16);
    if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    if (rune > 0x10FFFF || (rune >= 0xD800 && rune < 0xE000)) return std::nullopt;
    return rune;
}

}  // namespace

std::string unescape_name(std::string_view name) {
    constexpr std::string_view kPrefix = "U__";
    if (!name.starts_with(kPrefix)) return std::string(name);
    std::string plain;
    std::string_view rest = name.substr(kPrefix.size());
    while (!rest.empty()) {
        if (rest[0] != '_') {
            plain += rest[0];
            rest.remove_prefix(1);
            continue;
        }
        if (rest.starts_with("__")) {
            plain += '_';
            rest.remove_prefix(2);
            continue;
        }
        const std::size_t close = rest.find('_', 1);
        if (close == std::string_view::npos) return std::string(name);
        const auto rune = read_code(rest.substr(1, close - 1));
        if (!rune) return std::string(name);
        append_utf8(plain, *rune);
        rest.remove_prefix(close + 1);
    }
    return plain;
}

bool is_label_name(std::string_view name) {
    if (name.empty()) return false;
    while (!name.empty()) {
        const std::size_t length = exporters::utf8_length(name);
        if (length == 0) return false;
        name.remove_prefix(length);
    }
    return true;
}

}  // namespace pilotlight::query

#include "config/characters.h"

#include <fmt/format.h>

namespace pilotlight::config {
namespace {

/// Bytes of the UTF-8 character at the start of `text`, 0 where it is none. RFC 3629.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xc2 ? 0
                               : lead < 0xe0 ? 2
                               : lead < 0xf0 ? 3
                               : lead < 0xf5 ? 4
                                             : 0;
    if (length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80U) return 0;
    }
    const bool overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
    const bool surrogate = lead == 0xed && byte(1) >= 0xa0;
    const bool too_large = lead == 0xf4 && byte(1) >= 0x90;
    return overlong || surrogate || too_large ? 0 : length;
}

}  // namespace

std::optional<Error> find_bad_character(std::string_view text, const FileName& file) {
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<unsigned char>(text[at]);
        // Most of any file, and large files are read while probes wait.
        if (lead >= 0x20 && lead < 0x7f) {
            ++at;
            continue;
        }
        const std::size_t length = utf8_length(text.substr(at));
        if (length == 0) return Error("expected UTF-8 text", place_of_byte(text, at, file));
        if ((lead < 0x20 && lead != '\t' && lead != '\n' && lead != '\r') || lead == 0x7f) {
            return Error(fmt::format("control character 0x{:02x}, expected text", lead),
                         place_of_byte(text, at, file));
        }
        at += length;
    }
    return std::nullopt;
}

Location place_of_byte(std::string_view text, std::size_t byte, const FileName& file) {
    Location where{file, 1, 1};
    for (const char c : text.substr(0, byte)) {
        const bool continues = (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
        if (!continues) ++where.column;
        if (c == '\n') {
            ++where.line;
            where.column = 1;
        }
    }
    return where;
}

}  // namespace pilotlight::config

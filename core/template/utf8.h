#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pilotlight::tmpl {

struct Rune {
    /// U+FFFD where the bytes are no UTF-8.
    char32_t code = 0xfffd;
    std::size_t bytes = 1;
    bool valid = false;
};

/// The first character of `text`, which must not be empty. Overlong forms, surrogates and cut
/// sequences are invalid and one byte long, as in Go.
[[nodiscard]] Rune decode_rune(std::string_view text);
void append_rune(std::string& out, char32_t code);
[[nodiscard]] std::size_t rune_count(std::string_view text);
/// The first `count` characters.
[[nodiscard]] std::string_view first_runes(std::string_view text, std::size_t count);

/// Whether Go's strconv.IsPrint would show it: controls, unassigned blocks of spaces, surrogates
/// and private use are not printable. Coarser than Unicode's tables outside of those.
[[nodiscard]] bool is_printable(char32_t code);

/// A letter, digit or underscore as Go's template lexer takes it in names; any character above
/// U+00BF that prints counts as a letter.
[[nodiscard]] bool is_name_rune(char32_t code);

/// Simple case mapping of ASCII, Latin-1, Latin Extended-A, Greek and Cyrillic.
[[nodiscard]] char32_t to_upper(char32_t code);
[[nodiscard]] char32_t to_lower(char32_t code);

}  // namespace pilotlight::tmpl

#include "core/utf8.h"

#include "core/template/utf8.h"

namespace pilotlight {

bool is_valid_utf8(std::string_view text) {
    while (!text.empty()) {
        const tmpl::Rune rune = tmpl::decode_rune(text);
        if (!rune.valid) return false;
        text.remove_prefix(rune.bytes);
    }
    return true;
}

std::string to_valid_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const tmpl::Rune rune = tmpl::decode_rune(text);
        tmpl::append_rune(out, rune.code);
        text.remove_prefix(rune.bytes);
    }
    return out;
}

}  // namespace pilotlight

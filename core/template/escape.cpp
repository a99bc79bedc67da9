#include <fmt/format.h>

#include "core/template/functions.h"
#include "core/template/utf8.h"

namespace pilotlight::tmpl {

namespace {

void append_quoted(std::string& out, const Rune& rune, std::string_view bytes) {
    if (!rune.valid) {
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(bytes.front()));
        return;
    }
    switch (rune.code) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\a':
            out += "\\a";
            return;
        case '\b':
            out += "\\b";
            return;
        case '\f':
            out += "\\f";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        case '\v':
            out += "\\v";
            return;
        default:
            break;
    }
    if (is_printable(rune.code)) {
        out += bytes;
    } else if (rune.code < ' ' || rune.code == 0x7f) {
        out += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(rune.code));
    } else if (rune.code < 0x10000) {
        out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(rune.code));
    } else {
        out += fmt::format("\\U{:08x}", static_cast<std::uint32_t>(rune.code));
    }
}

bool is_unreserved(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

}  // namespace

std::string quote(std::string_view text) {
    std::string out = "\"";
    for (std::size_t at = 0; at < text.size();) {
        const Rune rune = decode_rune(text.substr(at));
        append_quoted(out, rune, text.substr(at, rune.bytes));
        at += rune.bytes;
    }
    return out + '"';
}

std::string escape_html(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '\0':
                out += "\uFFFD";
                break;
            case '"':
                out += "&#34;";
                break;
            case '\'':
                out += "&#39;";
                break;
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string escape_js(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const Rune rune = decode_rune(text.substr(at));
        switch (rune.code) {
            case '\\':
                out += "\\\\";
                break;
            case '\'':
                out += "\\'";
                break;
            case '"':
                out += "\\\"";
                break;
            case '<':
            case '>':
            case '&':
            case '=':
                out += fmt::format("\\u{:04X}", static_cast<std::uint32_t>(rune.code));
                break;
            default:
                // Of ASCII only what is below the space is special; DEL stays.
                if (rune.code < ' ' || (rune.code >= 0x80 && !is_printable(rune.code))) {
                    out += fmt::format("\\u{:04X}", static_cast<std::uint32_t>(rune.code));
                } else {
                    out += text.substr(at, rune.bytes);
                }
        }
        at += rune.bytes;
    }
    return out;
}

std::string escape_query(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == ' ') {
            out += '+';
        } else if (is_unreserved(byte)) {
            out += c;
        } else {
            out += fmt::format("%{:02X}", byte);
        }
    }
    return out;
}

}  // namespace pilotlight::tmpl

#include "core/template/format_value.h"

#include <fmt/format.h>

#include <cmath>

#include "core/template/functions.h"
#include "core/template/utf8.h"

namespace pilotlight::tmpl {

namespace {

constexpr char32_t kRuneMax = 0x10ffff;
constexpr char32_t kReplacement = 0xfffd;

std::string format_nested(const Spec& spec, const Value& value);

std::string padded(const Spec& spec, std::string text) {
    const auto have = rune_count(text);
    const auto want = static_cast<std::size_t>(spec.width.value_or(0));
    if (have >= want) return text;
    const std::size_t missing = want - have;
    if (spec.minus) return text + std::string(missing, ' ');
    return std::string(missing, spec.zero ? '0' : ' ') + text;
}

std::string padded_with_spaces(Spec spec, std::string text) {
    spec.zero = false;
    return padded(spec, std::move(text));
}

/// The value itself is printed by the same flags.
std::string complaint(Spec spec, const Value& value) {
    const std::string verb = spelled(spec.verb);
    if (value.is(Value::Kind::nil)) return fmt::format("%!{}(<nil>)", verb);
    spec.verb = 'v';
    return fmt::format("%!{}({}={})", verb, value.type_name(), format_value(spec, value));
}

/// Go's strconv.QuoteToASCII, from what Quote gives.
std::string in_ascii(std::string_view quoted) {
    std::string out;
    while (!quoted.empty()) {
        const Rune rune = decode_rune(quoted);
        if (rune.code < 0x80) {
            out += quoted[0];
        } else if (rune.code < 0x10000) {
            out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(rune.code));
        } else {
            out += fmt::format("\\U{:08x}", static_cast<std::uint32_t>(rune.code));
        }
        quoted.remove_prefix(rune.bytes);
    }
    return out;
}

std::string quoted_rune(char32_t code) {
    if (code == '\'') return R"('\'')";
    if (code == '"') return "'\"'";
    std::string quoted = quote(spelled(code));
    quoted.front() = quoted.back() = '\'';
    return quoted;
}

char32_t as_rune(std::int64_t number) {
    const bool is_rune = number >= 0 && number <= static_cast<std::int64_t>(kRuneMax);
    return is_rune ? static_cast<char32_t>(number) : kReplacement;
}

std::string format_code_point(const Spec& spec, std::int64_t number) {
    const auto least = static_cast<std::size_t>(std::max(spec.precision.value_or(4), 4));
    std::string digits = fmt::format("{:X}", static_cast<std::uint64_t>(number));
    if (digits.size() < least) digits.insert(0, least - digits.size(), '0');
    const bool shown = spec.sharp && number >= 0 && number <= static_cast<std::int64_t>(kRuneMax) &&
                       is_printable(static_cast<char32_t>(number));
    if (shown) digits += fmt::format(" '{}'", spelled(static_cast<char32_t>(number)));
    return padded_with_spaces(spec, "U+" + digits);
}

/// Base and prefix of a verb for integers; nothing for other verbs.
struct Notation {
    std::string digits;
    std::string_view prefix;
};

std::optional<Notation> notation_of(const Spec& spec, std::uint64_t size) {
    switch (spec.verb) {
        case 'v':
        case 'd':
            return Notation{fmt::format("{}", size), ""};
        case 'b':
            return Notation{fmt::format("{:b}", size), spec.sharp ? "0b" : ""};
        case 'o':
            return Notation{fmt::format("{:o}", size), spec.sharp ? "0" : ""};
        case 'O':
            return Notation{fmt::format("{:o}", size), "0o"};
        case 'x':
            return Notation{fmt::format("{:x}", size), spec.sharp ? "0x" : ""};
        case 'X':
            return Notation{fmt::format("{:X}", size), spec.sharp ? "0X" : ""};
        default:
            return std::nullopt;
    }
}

std::string format_digits(const Spec& spec, std::int64_t number, Notation notation) {
    const std::string_view sign = number < 0 ? "-" : spec.plus ? "+" : spec.space ? " " : "";
    std::size_t least = 0;
    if (spec.precision) {
        least = static_cast<std::size_t>(*spec.precision);
        if (least == 0 && number == 0) return padded_with_spaces(spec, "");
    } else if (spec.zero && spec.width) {
        // The sign has its room in the width; a prefix has not.
        least = static_cast<std::size_t>(*spec.width) - (sign.empty() ? 0 : 1);
    }
    if (notation.digits.size() < least) {
        notation.digits.insert(0, least - notation.digits.size(), '0');
    }
    if (notation.prefix == "0" && notation.digits[0] == '0') notation.prefix = "";
    return padded_with_spaces(spec, fmt::format("{}{}{}", sign, notation.prefix, notation.digits));
}

std::string format_integer(const Spec& spec, const Value& value) {
    const std::int64_t number = value.integer();
    switch (spec.verb) {
        case 'c':
            return padded(spec, spelled(as_rune(number)));
        case 'q': {
            const std::string quoted = quoted_rune(as_rune(number));
            return padded(spec, spec.plus ? in_ascii(quoted) : quoted);
        }
        case 'U':
            return format_code_point(spec, number);
        default:
            break;
    }
    const std::uint64_t size =
        number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
    auto notation = notation_of(spec, size);
    if (!notation) return complaint(spec, value);
    return format_digits(spec, number, std::move(*notation));
}

/// `#` keeps the decimal point, and with %g the zeros behind it.
std::string with_point(std::string text, char verb, int precision) {
    const bool hex = verb == 'x' || verb == 'X';
    // Go counts the x of 0x among the digits, and knows nothing of %#X.
    const bool counts = verb == 'g' || verb == 'G' || verb == 'x';
    int digits = !counts ? 0 : precision < 0 ? 6 : precision;
    const std::size_t tail_at = std::min(text.find_first_of(hex ? "pP" : "eE"), text.size());
    const std::string tail = text.substr(tail_at);
    text.resize(tail_at);
    bool seen = false;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '.') continue;
        seen = seen || text[i] != '0';
        if (seen) --digits;
    }
    if (text.find('.') == text.npos) {
        if (text.size() == 2 && text[1] == '0') --digits;
        text += '.';
    }
    if (digits > 0) text.append(static_cast<std::size_t>(digits), '0');
    return text + tail;
}

std::string format_signed(const Spec& spec, double value, char verb, int precision) {
    std::string text = format_real(value, verb, precision);
    if (text[0] != '-' && text[0] != '+') text.insert(0, 1, '+');
    if (spec.space && text[0] == '+' && !spec.plus) text[0] = ' ';
    if (!std::isfinite(value)) {
        if (std::isnan(value) && !spec.space && !spec.plus) text.erase(0, 1);
        return padded_with_spaces(spec, std::move(text));
    }
    if (spec.sharp && verb != 'b') text = with_point(std::move(text), verb, precision);
    if (!spec.plus && text[0] == '+') return padded(spec, text.substr(1));
    const auto width = static_cast<std::size_t>(spec.width.value_or(0));
    if (!spec.zero || text.size() >= width) return padded(spec, std::move(text));
    text.insert(1, width - text.size(), '0');
    return text;
}

std::string format_number(const Spec& spec, const Value& value) {
    switch (spec.verb) {
        case 'v':
            return format_signed(spec, value.real(), 'g', spec.precision.value_or(-1));
        case 'b':
        case 'g':
        case 'G':
        case 'x':
        case 'X':
            return format_signed(spec, value.real(), static_cast<char>(spec.verb),
                                 spec.precision.value_or(-1));
        case 'e':
        case 'E':
        case 'f':
            return format_signed(spec, value.real(), static_cast<char>(spec.verb),
                                 spec.precision.value_or(6));
        case 'F':
            return format_signed(spec, value.real(), 'f', spec.precision.value_or(6));
        default:
            return complaint(spec, value);
    }
}

std::string hex_of(const Spec& spec, std::string_view text) {
    // Bytes, not characters.
    if (spec.precision) text = text.substr(0, static_cast<std::size_t>(*spec.precision));
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (spec.space && i > 0) out += ' ';
        if (spec.sharp && (spec.space || i == 0)) out += spec.verb == 'x' ? "0x" : "0X";
        const auto byte = static_cast<unsigned char>(text[i]);
        out += spec.verb == 'x' ? fmt::format("{:02x}", byte) : fmt::format("{:02X}", byte);
    }
    return out;
}

/// Go's strconv.CanBackquote.
bool can_backquote(std::string_view text) {
    while (!text.empty()) {
        const Rune rune = decode_rune(text);
        const bool control = (rune.code < ' ' && rune.code != '\t') || rune.code == 0x7f;
        if (!rune.valid || control || rune.code == '`' || rune.code == 0xfeff) return false;
        text.remove_prefix(rune.bytes);
    }
    return true;
}

std::string quoted_text(const Spec& spec, std::string_view text) {
    if (spec.sharp && can_backquote(text)) return fmt::format("`{}`", text);
    const std::string quoted = quote(text);
    return spec.plus ? in_ascii(quoted) : quoted;
}

std::string format_text(const Spec& spec, const Value& value, std::string_view text) {
    if (spec.verb == 'x' || spec.verb == 'X') return padded(spec, hex_of(spec, text));
    if (spec.verb != 'v' && spec.verb != 's' && spec.verb != 'q') return complaint(spec, value);
    if (spec.precision) text = first_runes(text, static_cast<std::size_t>(*spec.precision));
    if (spec.verb == 'q' || spec.sharp_v) return padded(spec, quoted_text(spec, text));
    return padded(spec, std::string(text));
}

std::string format_list(const Spec& spec, const Value& value) {
    std::string out = spec.sharp_v ? value.type_name() + '{' : "[";
    bool first = true;
    for (const Value& item : value.list()) {
        // Widths make much of little.
        if (out.size() > kMadeTextMax) return out;
        if (!first) out += spec.sharp_v ? ", " : " ";
        first = false;
        out += format_nested(spec, item);
    }
    return out + (spec.sharp_v ? '}' : ']');
}

std::string format_fields(const Spec& spec, const Value& value) {
    const Fields& fields = value.fields();
    std::string out = fields.record ? "{" : spec.sharp_v ? "{" : "map[";
    const std::string type = value.type_name();
    const bool pointer = type.starts_with('*');
    if (spec.sharp_v) out.insert(0, pointer ? type.substr(1) : type);
    if (pointer) out.insert(0, 1, '&');
    bool first = true;
    for (const auto& [name, field] : fields.entries) {
        if (out.size() > kMadeTextMax) return out;
        if (!first) out += spec.sharp_v ? ", " : " ";
        first = false;
        if (!fields.record) {
            out += format_nested(spec, Value(name)) + ':';
        } else if (spec.plus_v || spec.sharp_v) {
            out += name + ':';
        }
        out += format_nested(spec, field);
    }
    return out + (fields.record || spec.sharp_v ? '}' : ']');
}

/// Within a list or a map nil is nil by any verb.
std::string format_nested(const Spec& spec, const Value& value) {
    if (!value.is(Value::Kind::nil)) return format_value(spec, value);
    return spec.sharp_v ? "interface {}(nil)" : "<nil>";
}

}  // namespace

std::string spelled(char32_t code) {
    std::string out;
    append_rune(out, code);
    return out;
}

std::string format_value(const Spec& spec, const Value& value) {
    if (spec.verb == 'T') {
        if (value.is(Value::Kind::nil)) return padded(spec, "<nil>");
        const std::string name = value.type_name();
        const auto runes = static_cast<std::size_t>(spec.precision.value_or(kPadMax));
        return padded(spec, std::string(first_runes(name, runes)));
    }
    const bool as_text = spec.verb == 'v' || spec.verb == 's' || spec.verb == 'q' ||
                         spec.verb == 'x' || spec.verb == 'X';
    if (as_text && value.type() != nullptr && value.type()->print != nullptr) {
        return format_text(spec, value, value.type()->print(value));
    }
    switch (value.kind()) {
        case Value::Kind::nil:
            return spec.verb == 'v' ? padded(spec, "<nil>") : complaint(spec, value);
        case Value::Kind::boolean:
            if (spec.verb != 'v' && spec.verb != 't') return complaint(spec, value);
            return padded(spec, value.boolean() ? "true" : "false");
        case Value::Kind::integer:
            return format_integer(spec, value);
        case Value::Kind::real:
            return format_number(spec, value);
        case Value::Kind::text:
            return format_text(spec, value, value.text());
        case Value::Kind::list:
            return format_list(spec, value);
        case Value::Kind::map:
            return format_fields(spec, value);
    }
    return {};
}

}  // namespace pilotlight::tmpl

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "core/template/functions.h"
#include "core/template/utf8.h"

namespace pilotlight::tmpl {

namespace {

/// Go's own limit for widths and precisions in a format (fmt's tooLarge).
constexpr int kWidthMax = 1'000'000;
/// Ours for what one value may be padded to: a page has no use for more.
constexpr int kPadMax = 10'000;

struct Spec {
    bool minus = false;
    bool plus = false;
    bool sharp = false;
    bool space = false;
    bool zero = false;
    std::optional<int> width;
    std::optional<int> precision;
    char32_t verb = 'v';
};

std::string padded(const Spec& spec, std::string text) {
    const auto have = rune_count(text);
    const auto want = static_cast<std::size_t>(spec.width.value_or(0));
    if (have >= want) return text;
    const std::size_t missing = want - have;
    if (spec.minus) return text + std::string(missing, ' ');
    return std::string(missing, spec.zero ? '0' : ' ') + text;
}

std::string padded_number(const Spec& spec, std::string text) {
    const bool has_sign = !text.empty() && (text[0] == '-' || text[0] == '+' || text[0] == ' ');
    const auto want = static_cast<std::size_t>(spec.width.value_or(0));
    if (spec.zero && !spec.minus && text.size() < want) {
        text.insert(has_sign ? 1 : 0, want - text.size(), '0');
        return text;
    }
    Spec blank = spec;
    blank.zero = false;
    return padded(blank, std::move(text));
}

std::string spelled(char32_t code) {
    std::string out;
    append_rune(out, code);
    return out;
}

std::string format_value(const Spec& spec, const Value& value);

std::string complaint(const Spec& spec, const Value& value) {
    const std::string verb = spelled(spec.verb);
    if (value.is(Value::Kind::nil)) return fmt::format("%!{}(<nil>)", verb);
    return fmt::format("%!{}({}={})", verb, value.type_name(), to_text(value));
}

std::string quoted_rune(char32_t code) {
    std::string quoted = quote(spelled(code));
    if (code == '\'') return R"('\'')";
    if (code == '"') return "'\"'";
    quoted.front() = quoted.back() = '\'';
    return quoted;
}

std::string format_integer(const Spec& spec, const Value& value) {
    const std::int64_t number = value.integer();
    const std::uint64_t size =
        number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
    std::string digits;
    switch (spec.verb) {
        case 'v':
        case 'd':
            digits = fmt::format("{}", size);
            break;
        case 'b':
            digits = fmt::format("{}{:b}", spec.sharp ? "0b" : "", size);
            break;
        case 'o':
            digits = fmt::format("{}{:o}", spec.sharp ? "0" : "", size);
            break;
        case 'O':
            digits = fmt::format("0o{:o}", size);
            break;
        case 'x':
            digits = fmt::format("{}{:x}", spec.sharp ? "0x" : "", size);
            break;
        case 'X':
            digits = fmt::format("{}{:X}", spec.sharp ? "0X" : "", size);
            break;
        case 'c':
            return padded(spec, spelled(static_cast<char32_t>(size)));
        case 'q':
            return padded(spec, quoted_rune(static_cast<char32_t>(size)));
        case 'U':
            return padded(spec, fmt::format("U+{:04X}", size));
        default:
            return complaint(spec, value);
    }
    Spec rest = spec;
    if (spec.precision) {
        const auto least = static_cast<std::size_t>(*spec.precision);
        if (least == 0 && number == 0) digits.clear();
        if (digits.size() < least) digits.insert(0, least - digits.size(), '0');
        rest.zero = false;
    }
    const std::string_view sign = number < 0 ? "-" : spec.plus ? "+" : spec.space ? " " : "";
    return padded_number(rest, fmt::format("{}{}", sign, digits));
}

std::string format_number(const Spec& spec, const Value& value) {
    char verb = 'g';
    int fallback = -1;
    switch (spec.verb) {
        case 'v':
            break;
        case 'g':
        case 'G':
            verb = static_cast<char>(spec.verb);
            break;
        case 'e':
        case 'E':
        case 'f':
            verb = static_cast<char>(spec.verb);
            fallback = 6;
            break;
        case 'F':
            verb = 'f';
            fallback = 6;
            break;
        case 'x':
        case 'X':
            verb = static_cast<char>(spec.verb);
            break;
        default:
            return complaint(spec, value);
    }
    std::string text = format_real(value.real(), verb, spec.precision.value_or(fallback));
    Spec rest = spec;
    if (!std::isfinite(value.real())) rest.zero = false;
    if (text[0] == '+' && spec.space && !spec.plus) text[0] = ' ';
    if (text[0] != '-' && text[0] != '+' && text[0] != ' ') {
        if (spec.plus)
            text.insert(0, 1, '+');
        else if (spec.space)
            text.insert(0, 1, ' ');
    }
    return padded_number(rest, std::move(text));
}

std::string hex_of(const Spec& spec, std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (spec.space && i > 0) out += ' ';
        if (spec.sharp && (spec.space || i == 0)) out += spec.verb == 'x' ? "0x" : "0X";
        const auto byte = static_cast<unsigned char>(text[i]);
        out += spec.verb == 'x' ? fmt::format("{:02x}", byte) : fmt::format("{:02X}", byte);
    }
    return out;
}

std::string format_text(const Spec& spec, const Value& value, std::string_view text) {
    if (spec.precision) text = first_runes(text, static_cast<std::size_t>(*spec.precision));
    switch (spec.verb) {
        case 'v':
            if (spec.sharp) return padded(spec, quote(text));
            [[fallthrough]];
        case 's':
            return padded(spec, std::string(text));
        case 'q':
            if (spec.sharp && text.find_first_of("`\n\t") == text.npos) {
                return padded(spec, fmt::format("`{}`", text));
            }
            return padded(spec, quote(text));
        case 'x':
        case 'X':
            return padded(spec, hex_of(spec, text));
        default:
            return complaint(spec, value);
    }
}

std::string format_list(const Spec& spec, const List& items) {
    std::string out = "[";
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) out += ' ';
        out += format_value(spec, items[i]);
    }
    return out + ']';
}

std::string format_fields(const Spec& spec, const Fields& fields) {
    std::string out = fields.record ? "{" : "map[";
    bool first = true;
    for (const auto& [name, field] : fields.entries) {
        if (!first) out += ' ';
        first = false;
        if (fields.record) {
            if (spec.plus) out += name + ':';
        } else {
            out += format_value(spec, Value(name)) + ':';
        }
        out += format_value(spec, field);
    }
    return out + (fields.record ? '}' : ']');
}

std::string format_value(const Spec& spec, const Value& value) {
    if (spec.verb == 'T') return padded(spec, value.type_name());
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
            return format_list(spec, value.list());
        case Value::Kind::map:
            return format_fields(spec, value.fields());
    }
    return {};
}

/// One walk over a format, following Go's fmt.(*pp).doPrintf.
class Printer {
  public:
    Printer(std::string_view format, std::span<const Value> args) : format_(format), args_(args) {}

    std::string run() {
        while (at_ < format_.size()) {
            const std::size_t percent = std::min(format_.find('%', at_), format_.size());
            out_ += format_.substr(at_, percent - at_);
            at_ = percent;
            if (at_ < format_.size()) directive();
        }
        if (!reordered_ && next_ < args_.size()) extra();
        return std::move(out_);
    }

  private:
    bool more() const { return at_ < format_.size(); }
    char peek() const { return format_[at_]; }

    void directive() {
        ++at_;
        spec_ = {};
        bad_index_ = after_index_ = false;
        flags();
        index();
        width();
        precision();
        if (!after_index_) index();
        if (!more()) {
            out_ += "%!(NOVERB)";
            return;
        }
        const Rune rune = decode_rune(format_.substr(at_));
        at_ += rune.bytes;
        spec_.verb = rune.code;
        verb();
    }

    void flags() {
        for (; more(); ++at_) {
            switch (peek()) {
                case '-':
                    spec_.minus = true;
                    break;
                case '+':
                    spec_.plus = true;
                    break;
                case '#':
                    spec_.sharp = true;
                    break;
                case ' ':
                    spec_.space = true;
                    break;
                case '0':
                    spec_.zero = true;
                    break;
                default:
                    if (spec_.minus) spec_.zero = false;
                    return;
            }
        }
    }

    /// `[n]`: the argument to take next.
    void index() {
        if (!more() || peek() != '[') return;
        reordered_ = true;
        const std::size_t close = format_.find(']', at_);
        if (close == format_.npos) {
            bad_index_ = true;
            ++at_;
            return;
        }
        const std::string_view digits = format_.substr(at_ + 1, close - at_ - 1);
        std::size_t number = 0;
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        at_ = close + 1;
        const bool whole = read.ec == std::errc{} && read.ptr == digits.data() + digits.size();
        if (!whole || number < 1 || number > args_.size()) {
            bad_index_ = true;
            return;
        }
        next_ = number - 1;
        after_index_ = true;
    }

    std::optional<int> number() {
        const char* begin = format_.data() + at_;
        int value = 0;
        const auto read = std::from_chars(begin, format_.data() + format_.size(), value);
        if (read.ptr == begin) return std::nullopt;
        at_ += static_cast<std::size_t>(read.ptr - begin);
        if (read.ec != std::errc{} || value > kWidthMax) return std::nullopt;
        return std::min(value, kPadMax);
    }

    std::optional<int> star() {
        ++at_;
        if (next_ >= args_.size()) return std::nullopt;
        const Value& value = args_[next_++];
        after_index_ = false;
        if (!value.is(Value::Kind::integer) || std::abs(value.integer()) > kWidthMax) {
            return std::nullopt;
        }
        return std::clamp(static_cast<int>(value.integer()), -kPadMax, kPadMax);
    }

    void width() {
        if (!more()) return;
        if (peek() == '*') {
            spec_.width = star();
            if (!spec_.width) {
                out_ += "%!(BADWIDTH)";
            } else if (*spec_.width < 0) {
                spec_.width = -*spec_.width;
                spec_.minus = true;
                spec_.zero = false;
            }
            return;
        }
        if (peek() < '0' || peek() > '9') return;
        spec_.width = number();
        if (after_index_) bad_index_ = true;
    }

    void precision() {
        if (!more() || peek() != '.') return;
        ++at_;
        if (after_index_) bad_index_ = true;
        index();
        if (more() && peek() == '*') {
            spec_.precision = star();
            if (spec_.precision && *spec_.precision < 0) spec_.precision.reset();
            if (!spec_.precision) out_ += "%!(BADPREC)";
            return;
        }
        spec_.precision = more() && peek() >= '0' && peek() <= '9' ? number() : 0;
    }

    void verb() {
        if (spec_.verb == '%') {
            out_ += '%';
        } else if (bad_index_) {
            out_ += fmt::format("%!{}(BADINDEX)", spelled(spec_.verb));
        } else if (next_ >= args_.size()) {
            out_ += fmt::format("%!{}(MISSING)", spelled(spec_.verb));
        } else {
            out_ += format_value(spec_, args_[next_++]);
        }
    }

    void extra() {
        out_ += "%!(EXTRA ";
        for (std::size_t i = next_; i < args_.size(); ++i) {
            if (i > next_) out_ += ", ";
            out_ += args_[i].is(Value::Kind::nil)
                        ? "<nil>"
                        : fmt::format("{}={}", args_[i].type_name(), to_text(args_[i]));
        }
        out_ += ')';
    }

    std::string_view format_;
    std::span<const Value> args_;
    std::size_t at_ = 0;
    std::size_t next_ = 0;
    bool reordered_ = false;
    bool bad_index_ = false;
    bool after_index_ = false;
    Spec spec_;
    std::string out_;
};

template <class... Args>
std::string converted(Args... args) {
    /// The longest: -1.8e308 in fixed notation with the largest precision we allow.
    std::string out(400 + kPadMax, '\0');
    const auto done = std::to_chars(out.data(), out.data() + out.size(), args...);
    out.resize(static_cast<std::size_t>(done.ptr - out.data()));
    return out;
}

/// Shortest digits, in scientific notation where Go's %g has it.
std::string shortest_general(double value) {
    const std::string scientific = converted(value, std::chars_format::scientific);
    const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
    return exponent < -4 || exponent >= 6 ? scientific : converted(value, std::chars_format::fixed);
}

std::string hexadecimal(double value, int precision) {
    std::string text = precision < 0 ? converted(value, std::chars_format::hex)
                                     : converted(value, std::chars_format::hex, precision);
    text.insert(text[0] == '-' ? 1 : 0, "0x");
    const std::size_t sign = text.find('p') + 1;
    if (text.size() - sign == 2) text.insert(sign + 1, 1, '0');
    return text;
}

}  // namespace

std::string format_real(double value, char verb, int precision) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    const bool upper = verb == 'E' || verb == 'G' || verb == 'X';
    std::string text;
    switch (verb) {
        case 'e':
        case 'E':
            text = precision < 0 ? converted(value, std::chars_format::scientific)
                                 : converted(value, std::chars_format::scientific, precision);
            break;
        case 'f':
            text = precision < 0 ? converted(value, std::chars_format::fixed)
                                 : converted(value, std::chars_format::fixed, precision);
            break;
        case 'x':
        case 'X':
            text = hexadecimal(value, precision);
            break;
        default:
            text = precision < 0
                       ? shortest_general(value)
                       : converted(value, std::chars_format::general, std::max(precision, 1));
    }
    if (upper) {
        for (char& c : text) {
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        }
    }
    return text;
}

std::string format(std::string_view format, std::span<const Value> args) {
    return Printer(format, args).run();
}

}  // namespace pilotlight::tmpl

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string>

#include "core/matcher.h"

namespace pilotlight {
namespace {

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

bool is_reserved(char c) {
    return std::string_view("{}!=~,\\\"'`").find(c) != std::string_view::npos;
}

void append_utf8(std::string& out, char32_t code) {
    const auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | (code >> 6));
        put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(0xe0 | (code >> 12));
        put(0x80 | ((code >> 6) & 0x3f));
        put(0x80 | (code & 0x3f));
    } else {
        put(0xf0 | (code >> 18));
        put(0x80 | ((code >> 12) & 0x3f));
        put(0x80 | ((code >> 6) & 0x3f));
        put(0x80 | (code & 0x3f));
    }
}

/// The grammar of Alertmanager 0.27 and later: any UTF-8 in names and values.
class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    Result<Matchers> parse() {
        Matchers matchers;
        skip_spaces();
        const bool braced = take("{");
        skip_spaces();
        while (at_ < text_.size() && !(braced && text_[at_] == '}')) {
            auto matcher = parse_one();
            if (!matcher) return std::unexpected(matcher.error());
            matchers.push_back(std::move(*matcher));
            skip_spaces();
            if (!take(",")) break;
            skip_spaces();
        }
        if (braced && !take("}")) return unexpected_here("a comma or closing brace");
        skip_spaces();
        if (at_ != text_.size()) return unexpected_here(braced ? "nothing more" : "a comma");
        return matchers;
    }

  private:
    std::unexpected<Error> unexpected_here(std::string_view wanted) const {
        const std::string got =
            at_ < text_.size() ? fmt::format("\"{}\"", text_.substr(at_)) : "the end";
        return fail(fmt::format("bad matcher \"{}\": column {}: expected {}, got {}", text_,
                                at_ + 1, wanted, got));
    }

    void skip_spaces() {
        while (at_ < text_.size() && is_space(text_[at_]))
            ++at_;
    }

    bool take(std::string_view token) {
        if (!text_.substr(at_).starts_with(token)) return false;
        at_ += token.size();
        return true;
    }

    Result<Matcher> parse_one() {
        auto name = parse_word("a label name");
        if (!name) return std::unexpected(name.error());
        skip_spaces();
        std::optional<Matcher::Op> op;
        if (take("=~")) {
            op = Matcher::Op::regexp;
        } else if (take("!~")) {
            op = Matcher::Op::not_regexp;
        } else if (take("!=")) {
            op = Matcher::Op::not_equal;
        } else if (take("=")) {
            op = Matcher::Op::equal;
        }
        if (!op) return unexpected_here("an operator, one of = != =~ !~");
        skip_spaces();
        auto value = parse_word("a label value");
        if (!value) return std::unexpected(value.error());
        return Matcher::make(std::move(*name), *op, std::move(*value));
    }

    Result<std::string> parse_word(std::string_view wanted) {
        if (at_ < text_.size() && text_[at_] == '"') return parse_quoted();
        const std::size_t begin = at_;
        while (at_ < text_.size() && !is_space(text_[at_]) && !is_reserved(text_[at_]))
            ++at_;
        if (at_ == begin) return unexpected_here(wanted);
        return std::string(text_.substr(begin, at_ - begin));
    }

    Result<std::string> parse_quoted() {
        std::string word;
        ++at_;
        while (at_ < text_.size() && text_[at_] != '"') {
            if (text_[at_] != '\\') {
                word += text_[at_++];
            } else if (!take_escape(word)) {
                return unexpected_here("an escape as in Go");
            }
        }
        if (!take("\"")) return unexpected_here("a closing quote");
        return word;
    }

    /// Source: the Go specification, "Rune literals".
    bool take_escape(std::string& word) {
        constexpr std::string_view kLetters = "abfnrtv\\\"";
        constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\\"";
        if (at_ + 1 >= text_.size()) return false;
        const char kind = text_[at_ + 1];
        const std::size_t letter = kLetters.find(kind);
        if (letter != std::string_view::npos) {
            word += kMeanings[letter];
            at_ += 2;
            return true;
        }
        const int digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
        if (digits == 0 || at_ + 2 + digits > text_.size()) return false;
        const char* begin = text_.data() + at_ + 2;
        std::uint32_t code = 0;
        const auto parsed = std::from_chars(begin, begin + digits, code, 16);
        if (parsed.ptr != begin + digits || code > 0x10ffff) return false;
        if (kind == 'x') {
            word += static_cast<char>(code);
        } else {
            append_utf8(word, code);
        }
        at_ += 2 + static_cast<std::size_t>(digits);
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

Result<Matchers> parse_utf8_matchers(std::string_view text) {
    return Parser(text).parse();
}

}  // namespace pilotlight

#include "probes/json_path.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace pilotlight::probes {

namespace {

/// I-JSON's exact integers (RFC 9535, 2.1).
constexpr std::int64_t kIntegerMax = (1LL << 53) - 1;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool begins_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        add(code);
    } else if (code < 0x800) {
        add(0xc0 | code >> 6);
        add(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        add(0xe0 | code >> 12);
        add(0x80 | (code >> 6 & 0x3f));
        add(0x80 | (code & 0x3f));
    } else {
        add(0xf0 | code >> 18);
        add(0x80 | (code >> 12 & 0x3f));
        add(0x80 | (code >> 6 & 0x3f));
        add(0x80 | (code & 0x3f));
    }
}

/// Whether a comparison may have it: it selects one node at most (RFC 9535, 2.3.5.1).
bool is_singular(const JsonQuery& query) {
    for (const JsonSegment& segment : query.segments) {
        if (segment.descendant || segment.selectors.size() != 1) return false;
        const std::size_t kind = segment.selectors.front().what.index();
        if (kind > 1) return false;
    }
    return true;
}

/// A recursive descent over the text. The first fault is kept and ends everything.
class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    Result<JsonQuery> parse() {
        JsonQuery query;
        if (!take('$')) {
            fault("a path begins with $");
        } else {
            query = segments(true);
            if (!fault_ && at_ < text_.size()) fault("expected . or [");
        }
        if (fault_) return fail(*fault_);
        return query;
    }

  private:
    using Filter = std::shared_ptr<const JsonFilter>;

    /// Counts the nesting of filters and parentheses.
    class Deeper {
      public:
        explicit Deeper(Parser& parser) : parser_(parser) {
            if (++parser_.depth_ > JsonPath::kNestingMax) parser_.fault("nested too deeply");
        }
        Deeper(const Deeper&) = delete;
        Deeper& operator=(const Deeper&) = delete;
        ~Deeper() { --parser_.depth_; }

      private:
        Parser& parser_;
    };

    void fault(std::string_view what) {
        if (!fault_) fault_ = fmt::format("column {}: {}", at_ + 1, what);
    }

    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    bool take(char c) {
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    bool take(std::string_view word) {
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }
    void skip_space() {
        while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')
            ++at_;
    }

    JsonQuery segments(bool from_root) {
        JsonQuery query;
        query.from_root = from_root;
        while (!fault_) {
            const std::size_t before = at_;
            skip_space();
            JsonSegment segment;
            if (take("..")) {
                segment.descendant = true;
            } else if (!take('.') && peek() != '[') {
                at_ = before;
                break;
            }
            const bool is_bracket = peek() == '[' && (segment.descendant || text_[at_ - 1] != '.');
            if (is_bracket) {
                bracketed(segment);
            } else {
                shorthand(segment);
            }
            query.segments.push_back(std::move(segment));
        }
        return query;
    }

    void shorthand(JsonSegment& segment) {
        if (take('*')) {
            segment.selectors.push_back({JsonSelector::Wildcard{}});
            return;
        }
        if (!begins_name(peek())) {
            fault("expected a name or *");
            return;
        }
        const std::size_t from = at_;
        while (begins_name(peek()) || is_digit(peek()))
            ++at_;
        std::string name(text_.substr(from, at_ - from));
        if (peek() == '-')
            fault(fmt::format("a name with such characters is written ['{}-...']", name));
        segment.selectors.push_back({std::move(name)});
    }

    void bracketed(JsonSegment& segment) {
        take('[');
        while (!fault_) {
            skip_space();
            segment.selectors.push_back(selector());
            skip_space();
            if (take(']')) return;
            if (!take(',')) fault("expected , or ]");
        }
    }

    JsonSelector selector() {
        if (take('*')) return {JsonSelector::Wildcard{}};
        if (peek() == '\'' || peek() == '"') return {text_literal()};
        if (take('?')) {
            skip_space();
            return {any_of()};
        }
        return index_or_slice();
    }

    JsonSelector index_or_slice() {
        std::optional<std::int64_t> first;
        if (peek() == '-' || is_digit(peek())) first = integer();
        const std::size_t after = at_;
        skip_space();
        if (!take(':')) {
            at_ = after;
            if (!first) fault("expected a name in quotes, a number, *, : or ?");
            return {first.value_or(0)};
        }
        JsonSelector::Slice slice;
        slice.start = first;
        skip_space();
        if (peek() == '-' || is_digit(peek())) slice.end = integer();
        skip_space();
        if (take(':')) {
            skip_space();
            if (peek() == '-' || is_digit(peek())) slice.step = integer();
        }
        return {slice};
    }

    std::int64_t integer() {
        const std::size_t from = at_;
        take('-');
        const std::size_t digits = at_;
        while (is_digit(peek()))
            ++at_;
        const std::string_view text = text_.substr(from, at_ - from);
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        // Neither -0 nor 01 (RFC 9535, 2.3.3.1).
        const bool has_digits = at_ > digits;
        const bool is_odd =
            has_digits && text_[digits] == '0' && (at_ - digits > 1 || digits > from);
        if (error != std::errc() || number > kIntegerMax || number < -kIntegerMax || !has_digits ||
            is_odd) {
            at_ = from;
            fault("not an integer of JSON");
        }
        return number;
    }

    std::string text_literal() {
        const char quote = text_[at_++];
        std::string out;
        while (!fault_) {
            if (at_ >= text_.size()) {
                fault("the text has no end");
                break;
            }
            const char c = text_[at_];
            if (static_cast<unsigned char>(c) < 0x20) {
                fault("a control character in a text");
                break;
            }
            ++at_;
            if (c == quote) break;
            if (c == '\\') {
                escape(quote, out);
            } else {
                out += c;
            }
        }
        return out;
    }

    void escape(char quote, std::string& out) {
        static constexpr std::string_view kLetters = "bfnrt/\\";
        static constexpr std::string_view kMeanings = "\b\f\n\r\t/\\";
        const char c = peek();
        const std::size_t known = kLetters.find(c);
        if (c == quote) {
            out += c;
            ++at_;
        } else if (c != '\0' && known != std::string_view::npos) {
            out += kMeanings[known];
            ++at_;
        } else if (take('u')) {
            append_utf8(out, code_point());
        } else {
            fault("no such escape");
        }
    }

    std::uint32_t code_point() {
        const std::uint32_t first = four_digits();
        if (first < 0xd800 || first > 0xdfff) return first;
        const bool has_second = first < 0xdc00 && take("\\u");
        const std::uint32_t second = has_second ? four_digits() : 0;
        if (second < 0xdc00 || second > 0xdfff) {
            fault("half of a surrogate pair");
            return 0xfffd;
        }
        return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    }

    std::uint32_t four_digits() {
        const std::string_view digits = text_.substr(at_, 4);
        std::uint32_t code = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
        if (error != std::errc() || digits.size() != 4 || end != digits.data() + 4) {
            fault("expected four hexadecimal digits");
            return 0xfffd;
        }
        at_ += 4;
        return code;
    }

    Filter any_of() {
        const Deeper deeper(*this);
        return chain(JsonFilter::Kind::any_of, "||", &Parser::all_of);
    }

    Filter all_of() { return chain(JsonFilter::Kind::all_of, "&&", &Parser::basic); }

    Filter chain(JsonFilter::Kind kind, std::string_view word, Filter (Parser::*part)()) {
        JsonFilter filter;
        filter.kind = kind;
        while (!fault_) {
            filter.parts.push_back((this->*part)());
            const std::size_t before = at_;
            skip_space();
            if (!take(word)) {
                at_ = before;
                break;
            }
            skip_space();
        }
        if (filter.parts.size() == 1) return filter.parts.front();
        return std::make_shared<const JsonFilter>(std::move(filter));
    }

    Filter basic() {
        if (fault_) return nullptr;
        if (take('!')) {
            skip_space();
            JsonFilter filter;
            filter.kind = JsonFilter::Kind::negated;
            filter.parts.push_back(peek() == '(' ? parenthesised() : comparison_or_test(true));
            return std::make_shared<const JsonFilter>(std::move(filter));
        }
        return peek() == '(' ? parenthesised() : comparison_or_test(false);
    }

    Filter parenthesised() {
        take('(');
        skip_space();
        Filter inner = any_of();
        skip_space();
        if (!take(')')) fault("expected )");
        return inner;
    }

    Filter comparison_or_test(bool test_only) {
        JsonFilter filter;
        const std::size_t from = at_;
        filter.left = operand();
        const std::size_t before = at_;
        skip_space();
        const std::optional<JsonFilter::Comparison> comparison = operation();
        auto* query = std::get_if<JsonQuery>(&filter.left);
        if (!comparison || test_only) {
            at_ = comparison ? from : before;
            if (query == nullptr || comparison) fault("expected a path by itself, or a comparison");
            if (query != nullptr) filter.query = std::move(*query);
            filter.left = JsonLiteral();
            return std::make_shared<const JsonFilter>(std::move(filter));
        }
        skip_space();
        filter.kind = JsonFilter::Kind::compared;
        filter.comparison = *comparison;
        const std::size_t right_from = at_;
        filter.right = operand();
        check_singular(filter.left, from);
        check_singular(filter.right, right_from);
        return std::make_shared<const JsonFilter>(std::move(filter));
    }

    void check_singular(const JsonFilter::Operand& operand, std::size_t from) {
        const auto* query = std::get_if<JsonQuery>(&operand);
        if (fault_ || query == nullptr || is_singular(*query)) return;
        at_ = from;
        fault("a comparison takes paths of names and indexes only");
    }

    std::optional<JsonFilter::Comparison> operation() {
        using enum JsonFilter::Comparison;
        static constexpr std::pair<std::string_view, JsonFilter::Comparison> kWords[] = {
            {"==", equal}, {"!=", not_equal}, {"<=", less_or_equal}, {">=", greater_or_equal},
            {"<", less},   {">", greater}};
        for (const auto& [word, comparison] : kWords) {
            if (take(word)) return comparison;
        }
        return std::nullopt;
    }

    JsonFilter::Operand operand() {
        if (take('@')) return segments(false);
        if (take('$')) return segments(true);
        if (peek() == '\'' || peek() == '"') return JsonLiteral(text_literal());
        if (peek() == '-' || is_digit(peek())) return JsonLiteral(number());
        const std::size_t from = at_;
        while (begins_name(peek()) || is_digit(peek()))
            ++at_;
        const std::string_view word = text_.substr(from, at_ - from);
        if (word == "true") return JsonLiteral(true);
        if (word == "false") return JsonLiteral(false);
        if (word == "null") return JsonLiteral(JsonNull{});
        const bool is_function = !word.empty() && peek() == '(';
        at_ = from;
        fault(is_function ? "functions are not supported"
                          : "expected @, $, a number, a text in quotes, true, false or null");
        return JsonLiteral();
    }

    double number() {
        const std::size_t from = at_;
        take('-');
        const std::size_t digits = at_;
        while (is_digit(peek()))
            ++at_;
        bool is_good = at_ > digits && (text_[digits] != '0' || at_ == digits + 1);
        if (take('.')) {
            is_good = is_good && is_digit(peek());
            while (is_digit(peek()))
                ++at_;
        }
        if (peek() == 'e' || peek() == 'E') {
            ++at_;
            if (!take('+')) take('-');
            is_good = is_good && is_digit(peek());
            while (is_digit(peek()))
                ++at_;
        }
        double value = 0;
        const auto [end, error] = std::from_chars(text_.data() + from, text_.data() + at_, value);
        if (!is_good || error != std::errc() || end != text_.data() + at_) {
            at_ = from;
            fault("not a number of JSON");
        }
        return value;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
    std::optional<std::string> fault_;
};

}  // namespace

Result<JsonPath> JsonPath::parse(std::string_view text) {
    if (text.size() > kTextMax) return fail("a path is at most 4096 characters long");
    Result<JsonQuery> query = Parser(text).parse();
    if (!query) return std::unexpected(query.error());
    JsonPath path;
    path.text_ = text;
    path.query_ = std::move(*query);
    return path;
}

}  // namespace pilotlight::probes

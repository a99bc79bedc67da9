#include "core/template/lex.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/template/functions.h"
#include "core/template/utf8.h"

namespace pilotlight::tmpl {

namespace {

constexpr std::string_view kLeftDelim = "{{";
constexpr std::string_view kRightDelim = "}}";
constexpr std::string_view kLeftComment = "/*";
constexpr std::string_view kRightComment = "*/";
constexpr std::string_view kSpaces = " \t\r\n";

constexpr std::array<std::string_view, 11> kKeywords = {
    "block", "break", "continue", "define", "else", "end", "if", "range", "template", "with",
    // A keyword to Go's lexer too, though a value to us.
    "nil"};

bool is_space(char c) {
    return kSpaces.find(c) != kSpaces.npos;
}

std::string unicode_name(char32_t code) {
    std::string name = fmt::format("U+{:04X}", static_cast<std::uint32_t>(code));
    if (is_printable(code)) {
        name += " '";
        append_rune(name, code);
        name += '\'';
    }
    return name;
}

class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}

    std::vector<Token> run() {
        while (!done_)
            outside();
        return std::move(tokens_);
    }

  private:
    bool at_end() const { return at_ >= text_.size(); }
    std::string_view rest() const { return text_.substr(at_); }
    /// The character here; U+0000 with no bytes at the end.
    Rune rune() const { return at_end() ? Rune{0, 0, false} : decode_rune(rest()); }

    void emit(TokenKind kind) {
        tokens_.push_back({kind, std::string(text_.substr(start_, at_ - start_)), start_, line_});
        skip();
    }
    /// Goes on after what was read, without a token.
    void skip() {
        const auto passed = text_.substr(start_, at_ - start_);
        line_ += static_cast<int>(std::count(passed.begin(), passed.end(), '\n'));
        start_ = at_;
    }
    void fail(std::string why) {
        tokens_.push_back({TokenKind::error, std::move(why), start_, line_});
        done_ = true;
    }

    void outside() {
        const std::size_t open = text_.find(kLeftDelim, at_);
        if (open == text_.npos) {
            at_ = text_.size();
            if (at_ > start_) emit(TokenKind::text);
            emit(TokenKind::end_of_text);
            done_ = true;
            return;
        }
        std::size_t text_end = open;
        const bool trims = has_left_trim(open + kLeftDelim.size());
        if (trims) {
            while (text_end > start_ && is_space(text_[text_end - 1]))
                --text_end;
        }
        at_ = text_end;
        if (at_ > start_) emit(TokenKind::text);
        at_ = open;
        skip();
        const std::size_t after = open + kLeftDelim.size() + (trims ? 1 : 0);
        const std::size_t comment = trims ? after + 1 : after;
        if (text_.substr(comment).starts_with(kLeftComment)) {
            at_ = comment;
            this->comment();
            return;
        }
        at_ = after;
        emit(TokenKind::left_delim);
        paren_depth_ = 0;
        while (!done_ && inside()) {
        }
    }

    bool has_left_trim(std::size_t at) const {
        return at + 1 < text_.size() && text_[at] == '-' && is_space(text_[at + 1]);
    }
    bool has_right_trim(std::size_t at) const {
        return at + 1 < text_.size() && is_space(text_[at]) && text_[at + 1] == '-';
    }
    /// 0 where no right delimiter stands at `at`, else the length of it with its trim marker.
    std::size_t right_delim(std::size_t at) const {
        if (has_right_trim(at) && text_.substr(at + 2).starts_with(kRightDelim)) return 4;
        return text_.substr(at).starts_with(kRightDelim) ? 2 : 0;
    }

    void comment() {
        const std::size_t close = text_.find(kRightComment, at_ + kLeftComment.size());
        if (close == text_.npos) return fail("unclosed comment");
        at_ = close + kRightComment.size();
        const std::size_t length = right_delim(at_);
        if (length == 0) return fail("comment ends before closing delimiter");
        at_ += length;
        if (length > kRightDelim.size()) trim_right();
        skip();
    }

    void trim_right() {
        while (!at_end() && is_space(text_[at_]))
            ++at_;
    }

    /// One token of an action; false after its closing delimiter.
    bool inside() {
        const std::size_t length = right_delim(at_);
        if (length > 0) {
            if (paren_depth_ > 0) {
                fail("unclosed left paren");
                return false;
            }
            at_ += length;
            emit(TokenKind::right_delim);
            if (length > kRightDelim.size()) {
                trim_right();
                skip();
            }
            return false;
        }
        if (at_end()) {
            fail("unclosed action");
            return false;
        }
        token();
        return true;
    }

    void token() {
        const Rune next = rune();
        at_ += next.bytes;
        switch (next.code) {
            case ' ':
            case '\t':
            case '\r':
            case '\n':
                return spaces();
            case '=':
                return emit(TokenKind::assign);
            case ':':
                if (at_end() || text_[at_] != '=') return fail("expected :=");
                ++at_;
                return emit(TokenKind::declare);
            case '|':
                return emit(TokenKind::pipe);
            case '"':
                return quoted();
            case '`':
                return raw();
            case '$':
                return name(TokenKind::variable);
            case '\'':
                return char_constant();
            case '(':
                ++paren_depth_;
                return emit(TokenKind::left_paren);
            case ')':
                if (paren_depth_ == 0) return fail("unexpected right paren");
                --paren_depth_;
                return emit(TokenKind::right_paren);
            case '.':
                if (at_end() || text_[at_] < '0' || text_[at_] > '9') {
                    return name(TokenKind::field);
                }
                return number();
            default:
                break;
        }
        if (next.code == '+' || next.code == '-' || (next.code >= '0' && next.code <= '9')) {
            return number();
        }
        if (next.valid && is_name_rune(next.code)) return word();
        if (next.code < 0x7f && is_printable(next.code)) return emit(TokenKind::character);
        fail("unrecognized character in action: " + unicode_name(next.code));
    }

    void spaces() {
        while (!at_end() && is_space(text_[at_]) && right_delim(at_) == 0)
            ++at_;
        emit(TokenKind::space);
    }

    void quoted() {
        for (; !at_end() && text_[at_] != '"'; ++at_) {
            if (text_[at_] == '\\') ++at_;
            if (at_end() || text_[at_] == '\n') break;
        }
        if (at_end() || text_[at_] != '"') return fail("unterminated quoted string");
        ++at_;
        emit(TokenKind::string);
    }

    void raw() {
        const std::size_t close = text_.find('`', at_);
        if (close == text_.npos) return fail("unterminated raw quoted string");
        at_ = close + 1;
        emit(TokenKind::raw_string);
    }

    void char_constant() {
        for (; !at_end() && text_[at_] != '\''; ++at_) {
            if (text_[at_] == '\\') ++at_;
            if (at_end() || text_[at_] == '\n') break;
        }
        if (at_end() || text_[at_] != '\'') return fail("unterminated character constant");
        ++at_;
        emit(TokenKind::char_constant);
    }

    bool at_terminator() const {
        if (at_end() || text_.substr(at_).starts_with(kRightDelim)) return true;
        const char c = text_[at_];
        return is_space(c) || std::string_view(".,|:)(").find(c) != std::string_view::npos;
    }

    void names() {
        for (Rune next = rune(); next.valid && is_name_rune(next.code); next = rune()) {
            at_ += next.bytes;
        }
    }

    bool terminated() {
        if (at_terminator()) return true;
        fail("bad character " + unicode_name(rune().code));
        return false;
    }

    /// `.Name` or `$name`, whose first character was read; `.` and `$` alone too.
    void name(TokenKind kind) {
        if (at_terminator()) return emit(kind == TokenKind::field ? TokenKind::dot : kind);
        names();
        if (terminated()) emit(kind);
    }

    void word() {
        names();
        if (!terminated()) return;
        const std::string_view read = text_.substr(start_, at_ - start_);
        if (read == "nil") return emit(TokenKind::nil);
        if (read == "true" || read == "false") return emit(TokenKind::boolean);
        const bool keyword = std::find(kKeywords.begin(), kKeywords.end(), read) != kKeywords.end();
        emit(keyword ? TokenKind::keyword : TokenKind::identifier);
    }

    void accept(std::string_view set) {
        while (!at_end() && set.find(text_[at_]) != set.npos)
            ++at_;
    }
    bool accept_one(std::string_view set) {
        if (at_end() || set.find(text_[at_]) == set.npos) return false;
        ++at_;
        return true;
    }

    void number() {
        at_ = start_;
        accept_one("+-");
        std::string_view digits = "0123456789_";
        const std::size_t begin = at_;
        if (accept_one("0")) {
            if (accept_one("xX"))
                digits = "0123456789abcdefABCDEF_";
            else if (accept_one("oO"))
                digits = "01234567_";
            else if (accept_one("bB"))
                digits = "01_";
        }
        accept(digits);
        if (accept_one(".")) accept(digits);
        if (digits.size() == 11 && at_ > begin && accept_one("eE")) {
            accept_one("+-");
            accept("0123456789_");
        }
        if (digits.size() == 23 && accept_one("pP")) {
            accept_one("+-");
            accept("0123456789_");
        }
        const Rune next = rune();
        if (next.valid && is_name_rune(next.code)) {
            at_ += next.bytes;
            return fail("bad number syntax: " + quote(text_.substr(start_, at_ - start_)));
        }
        emit(TokenKind::number);
    }

    std::string_view text_;
    std::size_t start_ = 0;
    std::size_t at_ = 0;
    int line_ = 1;
    int paren_depth_ = 0;
    bool done_ = false;
    std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> lex(std::string_view text) {
    return Lexer(text).run();
}

}  // namespace pilotlight::tmpl

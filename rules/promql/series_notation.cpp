#include "rules/promql/series_notation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "core/sample.h"
#include "rules/promql/numbers.h"
#include "rules/promql/parse_state.h"
#include "rules/promql/quoting.h"

namespace pilotlight::promql {

Labels ParseState::parse_whole_metric() {
    LabelsBuilder builder;
    if (peek().kind != TokenKind::left_brace && peek().kind != TokenKind::end) {
        if (!may_name_metric(peek().kind)) {
            unexpected("", "");
            return {};
        }
        builder.set(kMetricName, take().text);
    }
    if (take_if(TokenKind::left_brace)) {
        while (!failed() && !take_if(TokenKind::right_brace)) {
            parse_label(builder);
            if (failed() || take_if(TokenKind::right_brace)) break;
            expect(TokenKind::comma, "label set", "\",\" or \"}\"");
        }
    }
    if (!failed() && peek().kind != TokenKind::end) unexpected("", "");
    return failed() ? Labels{} : builder.build();
}

void ParseState::parse_label(LabelsBuilder& builder) {
    const Token label = peek();
    const bool quoted = label.kind == TokenKind::string && is_3();
    if (label.kind != TokenKind::identifier && !quoted) {
        return unexpected("label set", "identifier or \"}\"");
    }
    take();
    const std::string name = quoted ? unquote(label.text).value_or("") : std::string(label.text);
    if (quoted && peek().kind != TokenKind::equal) {
        builder.set(kMetricName, name);
        return;
    }
    if (!expect(TokenKind::equal, "label set", "\"=\"")) return;
    const Token value = peek();
    if (value.kind != TokenKind::string) return unexpected("label set", "string");
    take();
    builder.set(name, unquote(value.text).value_or(""));
}

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Reads `1+2x3 _ _x3 stale`.
class ValuesReader {
  public:
    ValuesReader(std::string_view text, std::size_t limit) : text_(text), limit_(limit) {
        // A block scalar of YAML ends with one; between values promtool knows none.
        while (text_.ends_with('\n'))
            text_.remove_suffix(1);
    }

    std::expected<std::vector<SeriesValue>, SyntaxError> read() {
        while (!error_ && skip_blanks())
            read_item();
        if (error_) return std::unexpected(*error_);
        return std::move(values_);
    }

  private:
    [[nodiscard]] char at(std::size_t ahead = 0) const {
        return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
    }
    [[nodiscard]] bool at_blank() const {
        return position_ >= text_.size() || at() == ' ' || at() == '\t';
    }

    bool skip_blanks() {
        while (position_ < text_.size() && at_blank())
            ++position_;
        return position_ < text_.size();
    }

    void fail(std::string message) {
        if (!error_) error_ = SyntaxError{std::move(message), position_, 1};
    }

    void unexpected() {
        std::size_t end = position_;
        while (end < text_.size() && text_[end] != ' ' && end - position_ < 20)
            ++end;
        fail(fmt::format("unexpected {} in series values",
                         quote(text_.substr(position_, end - position_))));
    }

    void read_item() {
        if (text_.substr(position_).starts_with("{{")) {
            return fail("native histograms ({{...}}) are not supported: series hold float samples");
        }
        if (at() == '_') {
            ++position_;
            const std::uint64_t times = at() == 'x' ? read_times() : 1;
            append(times, std::nullopt, 0);
        } else if (text_.substr(position_).starts_with("stale") && !at_letter(5)) {
            position_ += 5;
            append(1, stale_marker(), 0);
        } else {
            read_numbers();
        }
        if (!error_ && !at_blank()) unexpected();
    }

    [[nodiscard]] bool at_letter(std::size_t ahead) const {
        const char c = at(ahead);
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
    }

    void read_numbers() {
        const auto value = read_signed();
        if (!value) return;
        double step = 0;
        if (at() == '+' || at() == '-') {
            const auto read = read_signed();
            if (!read) return;
            step = *read;
            if (at() != 'x') return unexpected();
        }
        append(at() == 'x' ? read_times() + 1 : 1, *value, step);
    }

    std::optional<double> read_signed() {
        const bool minus = at() == '-';
        if (minus || at() == '+') ++position_;
        const std::size_t begin = position_;
        if (at_letter(0)) {
            // Inf and NaN: a word ends where no letter follows, so that neither can be repeated.
            while (at_letter(0) || is_digit(at()))
                ++position_;
        } else {
            while (is_digit(at()) || at() == '.')
                ++position_;
            const bool exponent = at() == 'e' || at() == 'E';
            const bool exponent_sign = at(1) == '+' || at(1) == '-';
            if (exponent && (is_digit(at(1)) || (exponent_sign && is_digit(at(2))))) {
                position_ += exponent_sign ? 2 : 1;
                while (is_digit(at()))
                    ++position_;
            }
        }
        const auto value = parse_number(text_.substr(begin, position_ - begin));
        if (!value) {
            position_ = begin;
            unexpected();
            return std::nullopt;
        }
        return minus ? -*value : *value;
    }

    std::uint64_t read_times() {
        ++position_;
        std::uint64_t times = 0;
        const char* begin = text_.data() + position_;
        const char* end = text_.data() + text_.size();
        const auto read = std::from_chars(begin, end, times);
        if (read.ec != std::errc{}) {
            fail("invalid repetition in series values, expected a whole number behind \"x\"");
            return 0;
        }
        position_ += static_cast<std::size_t>(read.ptr - begin);
        // One more is to be added.
        return std::min(times, std::numeric_limits<std::uint64_t>::max() - 1);
    }

    void append(std::uint64_t times, SeriesValue value, double step) {
        if (times > limit_ || values_.size() + times > limit_) {
            return fail(fmt::format("more than {} values in a series", limit_));
        }
        for (std::uint64_t i = 0; i < times; ++i) {
            values_.push_back(value);
            if (step != 0) *value += step;
        }
    }

    std::string_view text_;
    std::size_t limit_;
    std::size_t position_ = 0;
    std::vector<SeriesValue> values_;
    std::optional<SyntaxError> error_;
};

}  // namespace

std::expected<Labels, SyntaxError> parse_series(std::string_view text,
                                                const ParseOptions& options) {
    ParseState state(text, options);
    Labels labels = state.parse_whole_metric();
    if (state.error()) return std::unexpected(*state.error());
    return labels;
}

std::expected<std::vector<SeriesValue>, SyntaxError> parse_series_values(std::string_view text,
                                                                         std::size_t limit) {
    return ValuesReader(text, limit).read();
}

std::expected<Matchers, SyntaxError> parse_selector(std::string_view text,
                                                    const ParseOptions& options) {
    ParseState state(text, options);
    const auto made = state.parse_whole_selector();
    if (state.error()) return std::unexpected(*state.error());
    return std::get<VectorSelector>(made->node).matchers;
}

}  // namespace pilotlight::promql

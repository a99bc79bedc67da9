#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <utility>

#include "core/template/format_value.h"
#include "core/template/functions.h"
#include "core/template/utf8.h"

namespace pilotlight::tmpl {

namespace {

/// Go's own limit for widths and precisions in a format (fmt's tooLarge).
constexpr int kWidthMax = 1'000'000;

/// One walk over a format, following Go's fmt.(*pp).doPrintf.
class Printer {
  public:
    Printer(std::string_view format, std::span<const Value> args) : format_(format), args_(args) {}

    std::string run() {
        while (at_ < format_.size() && out_.size() <= kMadeTextMax) {
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
        if (spec_.verb == 'v') {
            spec_.sharp_v = std::exchange(spec_.sharp, false);
            spec_.plus_v = std::exchange(spec_.plus, false);
        }
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
            if (!args_[i].is(Value::Kind::nil)) out_ += args_[i].type_name() + '=';
            out_ += format_value({}, args_[i]);
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

}  // namespace

std::string format(std::string_view format, std::span<const Value> args) {
    return Printer(format, args).run();
}

}  // namespace pilotlight::tmpl

#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// What the text formats' parser reads a line with.
namespace pilotlight::probes {

/// Whether `text` is UTF-8 (RFC 3629).
[[nodiscard]] bool is_utf8(std::string_view text);

/// Go's ParseFloat as Prometheus uses it: no hexadecimal, no underscores; too small is 0, too large
/// is no number.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

/// What breaks off a line, with the place in it, counted from 1.
struct Broken {
    std::string message;
    std::size_t column;
};
template <class T>
using Parsed = std::expected<T, Broken>;

/// One line, read from left to right.
class TextLine {
  public:
    explicit TextLine(std::string_view text) : text_(text) {}

    [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
    /// The next byte; 0 at the end.
    [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }
    [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }

    /// Whether there were any.
    bool skip_blanks();
    bool take(char c);
    /// What stands up to the next blank or the end; maybe nothing.
    std::string_view word();
    /// A legacy name, with colons or without; nothing where none stands.
    std::string_view name(bool colons);
    /// A text in quotes, with `\\`, `\"` and `\n`; other escapes stay as they are.
    Parsed<void> quoted(std::string& out);

    /// An error at the place that is read next.
    [[nodiscard]] std::unexpected<Broken> broken(std::string message) const;
    /// `expected WHAT, got ...` at that place.
    [[nodiscard]] std::unexpected<Broken> expected(std::string_view what) const;

  private:
    [[nodiscard]] static std::unexpected<Broken> broken(std::string message, std::size_t at);

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace pilotlight::probes

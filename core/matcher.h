#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/labels.h"
#include "core/regexp.h"

namespace pilotlight {

/// One condition on one label, as in PromQL selectors, routes and silences. Regular expressions
/// are anchored at both ends. An absent label is "". Immutable; a copy is a counter.
class Matcher {
  public:
    enum class Op { equal, not_equal, regexp, not_regexp };

    /// Fails where a regular expression does not compile.
    [[nodiscard]] static Result<Matcher> make(std::string name, Op op, std::string value);

    [[nodiscard]] bool matches(std::string_view value) const;
    [[nodiscard]] bool matches(const Labels& labels) const { return matches(labels.get(name())); }
    [[nodiscard]] const std::string& name() const { return rep_->name; }
    [[nodiscard]] Op op() const { return rep_->op; }
    [[nodiscard]] const std::string& value() const { return rep_->value; }
    /// `name=~"value"`.
    [[nodiscard]] std::string to_string() const;

    bool operator==(const Matcher& other) const {
        return rep_ == other.rep_ || *rep_ == *other.rep_;
    }

  private:
    struct Rep {
        std::string name;
        Op op = Op::equal;
        std::string value;
        std::optional<Regexp> regexp;

        bool operator==(const Rep&) const = default;
    };
    explicit Matcher(std::shared_ptr<const Rep> rep) : rep_(std::move(rep)) {}

    std::shared_ptr<const Rep> rep_;
};

using Matchers = std::vector<Matcher>;

/// Reads matchers as Alertmanager's configuration and API write them: `a="b"`, `{a="b",c=~"d.*"}`;
/// quotes may be left out. As Alertmanager does in its fallback mode, a text that its UTF-8 grammar
/// (any name in quotes, Go's escapes) refuses is read by the older one, where inside quotes `\"`,
/// `\\` and `\n` are escapes and an unquoted value runs to the comma. Source: Alertmanager's
/// matcher/compat and labels.ParseMatchers.
[[nodiscard]] Result<Matchers> parse_matchers(std::string_view text);
/// Only by the UTF-8 grammar. Errors say the column, from 1.
[[nodiscard]] Result<Matchers> parse_utf8_matchers(std::string_view text);

/// Whether every one matches; true for none.
[[nodiscard]] bool all_match(const Matchers& matchers, const Labels& labels);

}  // namespace pilotlight

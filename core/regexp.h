#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace pilotlight {

/// A regular expression in Prometheus's dialect (RE2): linear in the text, so that no pattern can
/// hang the daemon. Immutable; copies, and all that are compiled of the same pattern, share one
/// program; any thread may compile and match.
class Regexp {
  public:
    enum class Anchor { none, both };

    /// `both` wraps the pattern as `^(?s:pattern)$`, as Prometheus's and Alertmanager's matchers
    /// do. Fails with RE2's reason; a pattern whose program is over 8 MiB is refused.
    [[nodiscard]] static Result<Regexp> compile(std::string_view pattern,
                                                Anchor anchor = Anchor::none);

    [[nodiscard]] bool matches(std::string_view text) const;
    /// The first match's groups, the whole match at 0; nothing where it does not match.
    [[nodiscard]] std::optional<std::vector<std::string>> groups(std::string_view text) const;
    /// What `replace_all` and `expand` make: beyond it they stop, and give what they have, which is
    /// longer. A reference in each of a thousand places makes much of little.
    static constexpr std::size_t kTextMax = 16 << 20;

    /// Replaces each match; `$1`, `${1}`, `${name}`, `$$` as in Go's Regexp.ReplaceAllString.
    [[nodiscard]] std::string replace_all(std::string_view text, std::string_view with) const;
    /// The template with the groups of `text` put in, as Go's Regexp.Expand; nothing on no match.
    [[nodiscard]] std::optional<std::string> expand(std::string_view text,
                                                    std::string_view with) const;

    [[nodiscard]] const std::string& pattern() const { return pattern_; }
    bool operator==(const Regexp& other) const { return pattern_ == other.pattern_; }

  private:
    struct Program;
    Regexp(std::string pattern, std::shared_ptr<const Program> program);

    std::string pattern_;
    std::shared_ptr<const Program> program_;
};

}  // namespace pilotlight

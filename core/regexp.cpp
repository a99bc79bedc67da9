#include "core/regexp.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace pilotlight {

struct Regexp::Program {
    explicit Program(std::unique_ptr<const re2::RE2> compiled) : re(std::move(compiled)) {}
    std::unique_ptr<const re2::RE2> re;
};

namespace {

constexpr std::int64_t kProgramBytesMax = 8 << 20;

re2::StringPiece piece(std::string_view text) {
    return {text.data(), text.size()};
}

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Appends `with`, its `$` references filled from `groups`; an unknown one is empty, as in Go.
void append_expanded(std::string& out, std::string_view with, const re2::RE2& re,
                     const std::vector<re2::StringPiece>& groups) {
    for (std::size_t at = 0; at < with.size() && out.size() <= Regexp::kTextMax;) {
        if (with[at] != '$' || at + 1 == with.size()) {
            out += with[at++];
            continue;
        }
        if (with[at + 1] == '$') {
            out += '$';
            at += 2;
            continue;
        }
        const bool braced = with[at + 1] == '{';
        const std::size_t begin = at + (braced ? 2 : 1);
        std::size_t end = begin;
        while (end < with.size() && is_word(with[end]))
            ++end;
        if (end == begin || (braced && (end == with.size() || with[end] != '}'))) {
            out += with[at++];
            continue;
        }
        const std::string_view name = with.substr(begin, end - begin);
        int index = -1;
        const auto parsed = std::from_chars(name.data(), name.data() + name.size(), index);
        const bool padded = name.size() > 1 && name[0] == '0';
        if (padded || parsed.ec != std::errc{} || parsed.ptr != name.data() + name.size()) {
            const auto named = re.NamedCapturingGroups().find(std::string(name));
            index = named == re.NamedCapturingGroups().end() ? -1 : named->second;
        }
        if (index >= 0 && static_cast<std::size_t>(index) < groups.size()) {
            out.append(groups[index].data(), groups[index].size());
        }
        at = end + (braced ? 1 : 0);
    }
}

/// The length of the UTF-8 character at `at`, at least 1.
std::size_t character_bytes(std::string_view text, std::size_t at) {
    std::size_t length = 1;
    while (at + length < text.size() &&
           (static_cast<unsigned char>(text[at + length]) & 0xc0U) == 0x80U) {
        ++length;
    }
    return length;
}

/// Whether it has `\C`, a byte that need not be a character: RE2 knows it, Go does not.
bool has_any_byte(std::string_view pattern) {
    for (std::size_t at = 0; at + 1 < pattern.size(); ++at) {
        if (pattern[at] != '\\') continue;
        if (pattern[at + 1] == 'C') return true;
        if (pattern[at + 1] == 'Q') at = std::min(pattern.find("\\E", at + 2), pattern.size());
        ++at;
    }
    return false;
}

/// `(?<name>...)` as `(?P<name>...)`, the only form that older RE2s know.
std::string with_old_names(std::string_view pattern) {
    std::string out;
    while (true) {
        const std::size_t group = pattern.find("(?<");
        out += pattern.substr(0, group);
        if (group == pattern.npos) return out;
        out += "(?P<";
        pattern.remove_prefix(group + 3);
    }
}

std::unique_ptr<const re2::RE2> compiled(std::string_view pattern, Regexp::Anchor anchor) {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_max_mem(kProgramBytesMax);
    const std::string whole =
        anchor == Regexp::Anchor::both ? fmt::format("^(?s:{})$", pattern) : std::string(pattern);
    return std::make_unique<const re2::RE2>(whole, options);
}

/// What is wrong, as Go says it (regexp/syntax, ErrorCode), with the part that is.
std::string as_go_says(const re2::RE2& re) {
    const auto with_part = [&](std::string_view what) {
        return fmt::format("{}: `{}`", what, re.error_arg());
    };
    switch (re.error_code()) {
        case re2::RE2::ErrorBadEscape:
            return with_part("invalid escape sequence");
        case re2::RE2::ErrorBadCharClass:
            return with_part("invalid character class");
        case re2::RE2::ErrorBadCharRange:
            return with_part("invalid character class range");
        case re2::RE2::ErrorMissingBracket:
            return with_part("missing closing ]");
        case re2::RE2::ErrorMissingParen:
            return with_part("missing closing )");
        case re2::RE2::ErrorUnexpectedParen:
            return with_part("unexpected )");
        case re2::RE2::ErrorTrailingBackslash:
            return "trailing backslash at end of expression: ``";
        case re2::RE2::ErrorRepeatArgument:
            return with_part("missing argument to repetition operator");
        case re2::RE2::ErrorRepeatSize:
            return with_part("invalid repeat count");
        case re2::RE2::ErrorRepeatOp:
            return with_part("invalid nested repetition operator");
        case re2::RE2::ErrorBadPerlOp:
            return with_part("invalid or unsupported Perl syntax");
        case re2::RE2::ErrorBadUTF8:
            return "invalid UTF-8";
        case re2::RE2::ErrorBadNamedCapture:
            return with_part("invalid named capture");
        default:
            return re.error();
    }
}

std::vector<re2::StringPiece> room_for_groups(const re2::RE2& re) {
    return std::vector<re2::StringPiece>(static_cast<std::size_t>(re.NumberOfCapturingGroups()) +
                                         1);
}

/// Programs in use, by pattern. Rule files say the same few over and over, and a program with what
/// its matches have taught it weighs a hundred times its pattern.
template <class Program>
class Interned {
  public:
    std::shared_ptr<const Program> find(const std::string& key) {
        const std::scoped_lock lock(mutex_);
        const auto found = known_.find(key);
        return found == known_.end() ? nullptr : found->second.lock();
    }

    void add(const std::string& key, const std::shared_ptr<const Program>& program) {
        const std::scoped_lock lock(mutex_);
        if (known_.size() >= sweep_at_) {
            std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
            sweep_at_ = std::max(kSweepMin, 2 * known_.size());
        }
        known_.insert_or_assign(key, program);
        newest_[next_++ % newest_.size()] = program;
    }

  private:
    static constexpr std::size_t kSweepMin = 64;

    std::mutex mutex_;
    std::unordered_map<std::string, std::weak_ptr<const Program>> known_;
    std::size_t sweep_at_ = kSweepMin;
    /// Held a while: a template that matches in a loop would make its program each time round.
    std::array<std::shared_ptr<const Program>, 4> newest_;
    std::size_t next_ = 0;
};

}  // namespace

Regexp::Regexp(std::string pattern, std::shared_ptr<const Program> program)
    : pattern_(std::move(pattern)), program_(std::move(program)) {}

Result<Regexp> Regexp::compile(std::string_view pattern, Anchor anchor) {
    // Never destroyed: matchers with static lifetime may be compiled after it would be.
    static auto& interned = *new Interned<Program>;
    const std::string key = (anchor == Anchor::both ? "=" : "~") + std::string(pattern);
    if (auto known = interned.find(key)) return Regexp(std::string(pattern), std::move(known));
    const auto refused = [](std::string_view why) {
        return fail(fmt::format("error parsing regexp: {}", why));
    };
    if (has_any_byte(pattern)) return refused("invalid escape sequence: `\\C`");
    if (anchor == Anchor::both && pattern.find(')') != pattern.npos) {
        // What closes the wrapping's own parenthesis is a mistake, and would not be seen there.
        if (auto alone = compile(pattern); !alone) return alone;
    }
    auto re = compiled(pattern, anchor);
    if (!re->ok() && pattern.find("(?<") != pattern.npos) {
        re = compiled(with_old_names(pattern), anchor);
    }
    if (!re->ok()) {
        // Of the pattern as it was written, not of its wrapping.
        const auto alone = compiled(pattern, Anchor::none);
        return refused(as_go_says(alone->ok() ? *re : *alone));
    }
    auto program = std::make_shared<const Program>(std::move(re));
    interned.add(key, program);
    return Regexp(std::string(pattern), std::move(program));
}

bool Regexp::matches(std::string_view text) const {
    return re2::RE2::PartialMatch(piece(text), *program_->re);
}

std::optional<std::vector<std::string>> Regexp::groups(std::string_view text) const {
    auto found = room_for_groups(*program_->re);
    if (!program_->re->Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED, found.data(),
                             static_cast<int>(found.size()))) {
        return std::nullopt;
    }
    std::vector<std::string> texts;
    texts.reserve(found.size());
    for (const auto& group : found)
        texts.emplace_back(group.data(), group.size());
    return texts;
}

std::string Regexp::replace_all(std::string_view text, std::string_view with) const {
    auto found = room_for_groups(*program_->re);
    std::string out;
    std::size_t match_end = 0;
    std::size_t at = 0;
    while (at <= text.size() && out.size() <= kTextMax &&
           program_->re->Match(piece(text), at, text.size(), re2::RE2::UNANCHORED, found.data(),
                               static_cast<int>(found.size()))) {
        const auto begin = static_cast<std::size_t>(found[0].data() - text.data());
        const std::size_t end = begin + found[0].size();
        out += text.substr(match_end, begin - match_end);
        // Go's rule: no empty match right behind another match.
        if (end > match_end || begin == 0) append_expanded(out, with, *program_->re, found);
        match_end = end;
        at = std::max(end, at + character_bytes(text, at));
    }
    return out += text.substr(match_end);
}

std::optional<std::string> Regexp::expand(std::string_view text, std::string_view with) const {
    auto found = room_for_groups(*program_->re);
    if (!program_->re->Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED, found.data(),
                             static_cast<int>(found.size()))) {
        return std::nullopt;
    }
    std::string out;
    append_expanded(out, with, *program_->re, found);
    return out;
}

}  // namespace pilotlight

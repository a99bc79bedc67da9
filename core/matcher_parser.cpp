#include <fmt/format.h>

#include <array>

#include "core/matcher.h"

namespace pilotlight {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view trim(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

/// The text up to the next comma that stands outside quotes, taken off `rest`.
std::string_view take_part(std::string_view& rest) {
    bool quoted = false;
    std::size_t end = 0;
    for (; end < rest.size(); ++end) {
        if (rest[end] == '\\') {
            ++end;
        } else if (rest[end] == '"') {
            quoted = !quoted;
        } else if (rest[end] == ',' && !quoted) {
            break;
        }
    }
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

/// Resolves quotes and escapes; an escape that is none stays as it is, so that `\d` may be written.
Result<std::string> read_matched_text(std::string_view text) {
    const bool quoted = text.starts_with('"');
    if (quoted) text.remove_prefix(1);
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char next = at + 1 < text.size() ? text[at + 1] : '\0';
        if (text[at] == '\\' && (next == '"' || next == '\\' || next == 'n')) {
            out += next == 'n' ? '\n' : next;
            ++at;
        } else if (text[at] != '"') {
            out += text[at];
        } else if (quoted && at + 1 == text.size()) {
            return out;
        } else {
            return fail("unexpected quote in a matcher, expected \\\" inside the value");
        }
    }
    if (quoted) return fail("the closing quote of a matcher's value is missing");
    return out;
}

Result<Matcher> parse_matcher(std::string_view text) {
    struct Spelling {
        std::string_view text;
        Matcher::Op op;
    };
    // The longer spelling comes before the one that it begins with.
    constexpr std::array<Spelling, 4> kOps{{{"=~", Matcher::Op::regexp},
                                            {"!~", Matcher::Op::not_regexp},
                                            {"!=", Matcher::Op::not_equal},
                                            {"=", Matcher::Op::equal}}};
    text = trim(text);
    const std::size_t at = std::min(text.find_first_of("=!"), text.size());
    const std::string_view name = trim(text.substr(0, at));
    for (const Spelling& spelling : kOps) {
        if (!text.substr(at).starts_with(spelling.text)) continue;
        if (!is_legacy_metric_name(name)) break;
        auto value = read_matched_text(trim(text.substr(at + spelling.text.size())));
        if (!value) return std::unexpected(value.error());
        return Matcher::make(std::string(name), spelling.op, std::move(*value));
    }
    return fail(
        fmt::format("bad matcher \"{}\", expected a form such as severity=\"critical\" or "
                    "job=~\"api|web\"",
                    text));
}

}  // namespace

Result<Matchers> parse_matchers(std::string_view text) {
    if (auto matchers = parse_utf8_matchers(text)) return matchers;
    std::string_view rest = trim(text);
    if (rest.starts_with('{') != rest.ends_with('}')) {
        return fail(fmt::format("bad matchers \"{}\", expected both braces or none", text));
    }
    if (rest.starts_with('{')) rest = trim(rest.substr(1, rest.size() - 2));
    Matchers matchers;
    while (!rest.empty()) {
        auto matcher = parse_matcher(take_part(rest));
        if (!matcher) return std::unexpected(matcher.error());
        matchers.push_back(std::move(*matcher));
    }
    return matchers;
}

}  // namespace pilotlight

#include "core/template/text_functions.h"

#include <fmt/format.h>

#include "core/regexp.h"
#include "core/template/humanize.h"
#include "core/template/number.h"
#include "core/template/time.h"
#include "core/template/utf8.h"

namespace pilotlight::tmpl {

namespace {

using Args = std::span<const Value>;
using Kind = Value::Kind;

template <char32_t (*Map)(char32_t)>
std::string mapped(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const Rune rune = decode_rune(text.substr(at));
        if (rune.valid)
            append_rune(out, Map(rune.code));
        else
            out += text[at];
        at += rune.bytes;
    }
    return out;
}

/// Go's strings.Title: a letter after something that is no letter, digit, `_` or `'` goes upper.
std::string title(std::string_view text) {
    std::string out;
    bool begins = true;
    for (std::size_t at = 0; at < text.size();) {
        const Rune rune = decode_rune(text.substr(at));
        if (!rune.valid)
            out += text[at];
        else
            append_rune(out, begins ? to_upper(rune.code) : rune.code);
        // ASCII punctuation but `_` separates; of the rest only white space does.
        begins = rune.code < 0x80 ? !is_name_rune(rune.code)
                                  : rune.code == 0x85 || rune.code == 0xa0 ||
                                        (rune.code >= 0x2000 && rune.code <= 0x200a);
        at += rune.bytes;
    }
    return out;
}

std::string trimmed(std::string_view text) {
    constexpr std::string_view kSpaces = " \t\n\v\f\r";
    const std::size_t begin = text.find_first_not_of(kSpaces);
    if (begin == text.npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1));
}

template <std::string (*Change)(std::string_view)>
Result<Value> changed(Args args) {
    auto text = text_argument(args[0]);
    if (!text) return std::unexpected(text.error());
    return Change(*text);
}

std::string same(std::string_view text) {
    return std::string(text);
}

Result<Value> match(Args args) {
    const auto pattern = text_argument(args[0]);
    if (!pattern) return std::unexpected(pattern.error());
    const auto text = text_argument(args[1]);
    if (!text) return std::unexpected(text.error());
    const auto regexp = Regexp::compile(*pattern);
    if (!regexp) return std::unexpected(regexp.error());
    return regexp->matches(*text);
}

/// An expression is compiled at each call.
std::size_t cost_of_match(Args /*args*/) {
    return 4096;
}

/// Each match may look at all of the rest, though the search is linear.
std::size_t cost_of_replacing(Args args) {
    constexpr std::size_t kBytesCompared = 256;
    const std::size_t size = args[2].is(Kind::text) ? args[2].text().size() : 0;
    return cost_of_match(args) + size * size / kBytesCompared;
}

Result<Value> replace_all(Args args) {
    std::string texts[3];
    for (std::size_t i = 0; i < 3; ++i) {
        auto text = text_argument(args[i]);
        if (!text) return std::unexpected(text.error());
        texts[i] = std::move(*text);
    }
    const auto regexp = Regexp::compile(texts[0]);
    if (!regexp) return std::unexpected(regexp.error());
    static_assert(Regexp::kTextMax >= kMadeTextMax);
    return regexp->replace_all(texts[2], texts[1]);
}

Result<Value> join(Args args) {
    const auto separator = text_argument(args[0]);
    if (!separator) return std::unexpected(separator.error());
    if (!args[1].is(Kind::list)) {
        return fail(
            fmt::format("wrong type for value; expected []string; got {}", args[1].type_name()));
    }
    const std::size_t made = args[1].list().size() * separator->size() + args[1].weight();
    if (made > kMadeTextMax) return fail(fmt::format("more than {} bytes of text", kMadeTextMax));
    std::string out;
    for (const auto& item : args[1].list()) {
        if (&item != &args[1].list().front()) out += *separator;
        out += to_text(item);
    }
    return out;
}

Result<Value> string_slice(Args args) {
    return List(args.begin(), args.end());
}

Result<Value> duration(Args args) {
    const auto seconds = number_argument(args[0]);
    if (!seconds) return std::unexpected(seconds.error());
    return humanize_duration(*seconds);
}

}  // namespace

const Functions& text_functions() {
    static const Functions table = {
        {"title", {changed<title>, 1, 1}},
        {"toUpper", {changed<mapped<to_upper>>, 1, 1}},
        {"toLower", {changed<mapped<to_lower>>, 1, 1}},
        {"trimSpace", {changed<trimmed>, 1, 1}},
        {"join", {join, 2, 2}},
        {"match", {match, 2, 2, cost_of_match}},
        {"reReplaceAll", {replace_all, 3, 3, cost_of_replacing}},
        {"safeHtml", {changed<same>, 1, 1}},
        {"safeUrl", {changed<same>, 1, 1}},
        {"stringSlice", {string_slice, 0, SIZE_MAX}},
        {"humanizeDuration", {duration, 1, 1}},
    };
    return table;
}

Result<std::string> text_argument(const Value& value) {
    if (value.is(Kind::text)) return value.text();
    if (value.is(Kind::nil)) return fail("invalid value; expected string");
    return fail(fmt::format("wrong type for value; expected string; got {}", value.type_name()));
}

Result<double> number_argument(const Value& value) {
    switch (value.kind()) {
        case Kind::real:
            return value.real();
        case Kind::integer:
            if (value.type_name() == "time.Duration") {
                return static_cast<double>(value.integer()) / 1e9;
            }
            // A character of a text, which Prometheus forgot.
            if (value.type_name() == "uint8") return fail("can't convert uint8 to float");
            return static_cast<double>(value.integer());
        case Kind::text: {
            const auto number = parse_real(value.text());
            if (number) return *number;
            return fail(fmt::format("strconv.ParseFloat: parsing {}: {}", quote(value.text()),
                                    number.error()));
        }
        default:
            return fail(fmt::format("can't convert {} to float", value.type_name()));
    }
}

}  // namespace pilotlight::tmpl

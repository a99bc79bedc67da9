#include "core/matcher.h"

#include <algorithm>

#include "core/check.h"

namespace pilotlight {

Result<Matcher> Matcher::make(std::string name, Op op, std::string value) {
    std::optional<Regexp> regexp;
    if (op == Op::regexp || op == Op::not_regexp) {
        auto compiled = Regexp::compile(value, Regexp::Anchor::both);
        if (!compiled) return std::unexpected(compiled.error());
        regexp = std::move(*compiled);
    }
    return Matcher(
        std::make_shared<const Rep>(Rep{std::move(name), op, std::move(value), std::move(regexp)}));
}

bool Matcher::matches(std::string_view value) const {
    switch (rep_->op) {
        case Op::equal:
            return value == rep_->value;
        case Op::not_equal:
            return value != rep_->value;
        case Op::regexp:
            return rep_->regexp->matches(value);
        case Op::not_regexp:
            return !rep_->regexp->matches(value);
    }
    PILOT_CHECK(false);
}

std::string Matcher::to_string() const {
    constexpr std::string_view kOps[] = {"=", "!=", "=~", "!~"};
    std::string text;
    if (is_legacy_label_name(name())) {
        text = name();
    } else {
        text += '"';
        append_escaped_label_value(text, name());
        text += '"';
    }
    text += kOps[static_cast<int>(op())];
    text += '"';
    append_escaped_label_value(text, value());
    return text += '"';
}

bool all_match(const Matchers& matchers, const Labels& labels) {
    return std::ranges::all_of(matchers, [&](const Matcher& m) { return m.matches(labels); });
}

}  // namespace pilotlight

#include "core/matcher.h"

#include <algorithm>

#include "core/check.h"

namespace pilotlight {

Matcher::Matcher(std::string name, Op op, std::string value, std::optional<Regexp> regexp)
    : name_(std::move(name)), op_(op), value_(std::move(value)), regexp_(std::move(regexp)) {}

Result<Matcher> Matcher::make(std::string name, Op op, std::string value) {
    std::optional<Regexp> regexp;
    if (op == Op::regexp || op == Op::not_regexp) {
        auto compiled = Regexp::compile(value, Regexp::Anchor::both);
        if (!compiled) return std::unexpected(compiled.error());
        regexp = std::move(*compiled);
    }
    return Matcher(std::move(name), op, std::move(value), std::move(regexp));
}

bool Matcher::matches(std::string_view value) const {
    switch (op_) {
        case Op::equal:
            return value == value_;
        case Op::not_equal:
            return value != value_;
        case Op::regexp:
            return regexp_->matches(value);
        case Op::not_regexp:
            return !regexp_->matches(value);
    }
    PILOT_CHECK(false);
}

std::string Matcher::to_string() const {
    constexpr std::string_view kOps[] = {"=", "!=", "=~", "!~"};
    std::string text;
    if (is_legacy_label_name(name_)) {
        text = name_;
    } else {
        text += '"';
        append_escaped_label_value(text, name_);
        text += '"';
    }
    text += kOps[static_cast<int>(op_)];
    text += '"';
    append_escaped_label_value(text, value_);
    return text += '"';
}

bool all_match(const Matchers& matchers, const Labels& labels) {
    return std::ranges::all_of(matchers, [&](const Matcher& m) { return m.matches(labels); });
}

}  // namespace pilotlight

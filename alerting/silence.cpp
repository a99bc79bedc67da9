#include "alerting/silence.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace pilotlight::alerting {
namespace {

using Json = nlohmann::json;

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == text.npos;
}

std::vector<std::string> sorted_texts(const Matchers& matchers) {
    std::vector<std::string> texts;
    for (const Matcher& matcher : matchers)
        texts.push_back(matcher.to_string());
    std::ranges::sort(texts);
    return texts;
}

Json to_json(const Matcher& matcher) {
    using Op = Matcher::Op;
    const Op op = matcher.op();
    return {{"name", matcher.name()},
            {"value", matcher.value()},
            {"is_regex", op == Op::regexp || op == Op::not_regexp},
            {"is_equal", op == Op::equal || op == Op::regexp}};
}

Result<Matcher> matcher_from(const Json& object) {
    using Op = Matcher::Op;
    const bool is_equal = object.at("is_equal").get<bool>();
    const bool is_regex = object.at("is_regex").get<bool>();
    const Op op = is_regex ? (is_equal ? Op::regexp : Op::not_regexp)
                           : (is_equal ? Op::equal : Op::not_equal);
    return Matcher::make(object.at("name").get<std::string>(), op,
                         object.at("value").get<std::string>());
}

WallTime time_from(const Json& value) {
    return WallTime(Duration(value.get<std::int64_t>()));
}

}  // namespace

std::string_view to_string(SilenceState state) {
    constexpr std::array<std::string_view, 3> kWords{"pending", "active", "expired"};
    return kWords.at(static_cast<std::size_t>(state));
}

SilenceState Silence::state(WallTime now) const {
    if (now >= ends_at) return SilenceState::expired;
    return now < starts_at ? SilenceState::pending : SilenceState::active;
}

std::size_t Silence::text_bytes() const {
    std::size_t bytes = id.size() + created_by.size() + comment.size() + annotations.text_bytes();
    for (const Matcher& matcher : matchers)
        bytes += matcher.name().size() + matcher.value().size();
    return bytes;
}

bool same_matchers(const Silence& a, const Silence& b) {
    return sorted_texts(a.matchers) == sorted_texts(b.matchers);
}

std::optional<std::string> find_fault(const Silence& silence) {
    if (silence.matchers.empty()) return "at least one matcher required";
    for (std::size_t i = 0; i < silence.matchers.size(); ++i) {
        if (silence.matchers[i].name().empty()) {
            return fmt::format("invalid label matcher {}: invalid label name \"\"", i);
        }
    }
    // As there, a negative matcher counts as saying something.
    const bool matches_all = std::ranges::all_of(silence.matchers, [](const Matcher& matcher) {
        const bool positive =
            matcher.op() == Matcher::Op::equal || matcher.op() == Matcher::Op::regexp;
        return positive && matcher.matches("");
    });
    if (matches_all) return "at least one matcher must not match the empty string";
    if (silence.ends_at <= silence.starts_at) return "start time must be before end time";
    if (is_blank(silence.created_by)) return "createdBy is empty, expected who answers for it";
    if (is_blank(silence.comment)) return "comment is empty, expected why it is there";
    return std::nullopt;
}

std::string to_json(const Silence& silence) {
    Json matchers = Json::array();
    for (const Matcher& matcher : silence.matchers)
        matchers.push_back(to_json(matcher));
    Json annotations = Json::object();
    for (const Label label : silence.annotations)
        annotations[std::string(label.name)] = label.value;
    const Json object{{"id", silence.id},
                      {"matchers", std::move(matchers)},
                      {"starts_at", silence.starts_at.time_since_epoch().count()},
                      {"ends_at", silence.ends_at.time_since_epoch().count()},
                      {"updated_at", silence.updated_at.time_since_epoch().count()},
                      {"created_by", silence.created_by},
                      {"comment", silence.comment},
                      {"annotations", std::move(annotations)}};
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Silence> silence_from_json(std::string_view text) {
    try {
        const Json object = Json::parse(text);
        Silence silence;
        silence.id = object.at("id").get<std::string>();
        for (const Json& item : object.at("matchers")) {
            auto matcher = matcher_from(item);
            if (!matcher) return std::nullopt;
            silence.matchers.push_back(std::move(*matcher));
        }
        silence.starts_at = time_from(object.at("starts_at"));
        silence.ends_at = time_from(object.at("ends_at"));
        silence.updated_at = time_from(object.at("updated_at"));
        silence.created_by = object.at("created_by").get<std::string>();
        silence.comment = object.at("comment").get<std::string>();
        LabelsBuilder annotations;
        for (const auto& [name, value] : object.at("annotations").items())
            annotations.set(name, value.get<std::string>());
        silence.annotations = annotations.build();
        return silence;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

}  // namespace pilotlight::alerting

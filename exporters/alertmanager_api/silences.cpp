// GET and POST /api/v2/silences, GET and DELETE /api/v2/silence/ID.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "alerting/uuid.h"
#include "exporters/alertmanager_api/answers.h"
#include "exporters/alertmanager_api/filters.h"
#include "exporters/alertmanager_api/handlers.h"
#include "exporters/alertmanager_api/times.h"

namespace pilotlight::exporters::alertmanager_api {
namespace {

using Json = nlohmann::ordered_json;

Response json_answer(const Json& json) {
    return document(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Json labels_json(const Labels& labels) {
    Json json = Json::object();
    for (const Label label : labels)
        json[std::string(label.name)] = label.value;
    return json;
}

using alerting::Silence;
using alerting::SilenceState;
using Op = Matcher::Op;

Json matcher_json(const Matcher& matcher) {
    const Op op = matcher.op();
    return {{"isEqual", op == Op::equal || op == Op::regexp},
            {"isRegex", op == Op::regexp || op == Op::not_regexp},
            {"name", matcher.name()},
            {"value", matcher.value()}};
}

Json silence_json(const Silence& silence, WallTime now) {
    Json matchers = Json::array();
    for (const Matcher& matcher : silence.matchers)
        matchers.push_back(matcher_json(matcher));
    return {{"id", silence.id},
            {"status", {{"state", to_string(silence.state(now))}}},
            {"updatedAt", format_time(silence.updated_at)},
            {"annotations", labels_json(silence.annotations)},
            {"comment", silence.comment},
            {"createdBy", silence.created_by},
            {"endsAt", format_time(silence.ends_at)},
            {"matchers", std::move(matchers)},
            {"startsAt", format_time(silence.starts_at)}};
}

/// Active ones that end next, then waiting ones that begin next, then those that ended last.
bool comes_before(const Silence& a, const Silence& b, WallTime now) {
    constexpr auto kRank = [](SilenceState state) {
        return state == SilenceState::active ? 0 : state == SilenceState::pending ? 1 : 2;
    };
    const SilenceState state = a.state(now);
    if (state != b.state(now)) return kRank(state) < kRank(b.state(now));
    switch (state) {
        case SilenceState::active:
            return a.ends_at < b.ends_at;
        case SilenceState::pending:
            return a.starts_at < b.starts_at;
        case SilenceState::expired:
            return a.ends_at > b.ends_at;
    }
    return false;
}

Response missing(std::string_view name) {
    return fault(602, fmt::format("{} in body is required", name));
}

/// Throws Json::exception for a wrong type.
std::expected<Matcher, Response> read_matcher(const Json& json, std::size_t index) {
    for (const char* key : {"isRegex", "name", "value"}) {
        if (!json.contains(key) || json.at(key).is_null()) {
            return std::unexpected(missing(fmt::format("matchers.{}.{}", index, key)));
        }
    }
    const bool is_regex = json.at("isRegex").get<bool>();
    const bool has_equal = json.contains("isEqual") && !json.at("isEqual").is_null();
    const bool is_equal = !has_equal || json.at("isEqual").get<bool>();
    const Op op = is_regex ? (is_equal ? Op::regexp : Op::not_regexp)
                           : (is_equal ? Op::equal : Op::not_equal);
    const std::string value = json.at("value").get<std::string>();
    auto matcher = Matcher::make(json.at("name").get<std::string>(), op, value);
    if (matcher) return std::move(*matcher);
    return std::unexpected(refusal(
        400, fmt::format("invalid silence: invalid label matcher {}: invalid regular expression "
                         "\"{}\": {}",
                         index, value, matcher.error().message)));
}

/// Throws Json::exception for a wrong type.
std::expected<Silence, Response> read_silence(const Json& json) {
    // In the order in which Alertmanager looks, since it tells of one thing only.
    for (const char* key : {"comment", "createdBy", "endsAt", "matchers", "startsAt"}) {
        if (json.is_null() || !json.contains(key) || json.at(key).is_null()) {
            return std::unexpected(missing(key));
        }
    }
    Silence silence;
    if (json.contains("id") && !json.at("id").is_null()) {
        silence.id = json.at("id").get<std::string>();
    }
    silence.comment = json.at("comment").get<std::string>();
    silence.created_by = json.at("createdBy").get<std::string>();
    for (const auto& [key, out] :
         {std::pair{"startsAt", &silence.starts_at}, std::pair{"endsAt", &silence.ends_at}}) {
        auto time = read_time(json.at(key).get<std::string>());
        if (!time) return std::unexpected(wrong_type("silence", time.error().message));
        *out = time->value_or(WallTime{});
    }
    const auto& matchers = json.at("matchers").get_ref<const Json::array_t&>();
    if (matchers.empty()) {
        return std::unexpected(fault(612, "matchers in body should have at least 1 items"));
    }
    for (const Json& item : matchers) {
        auto matcher = read_matcher(item, silence.matchers.size());
        if (!matcher) return std::unexpected(std::move(matcher.error()));
        silence.matchers.push_back(std::move(*matcher));
    }
    if (json.contains("annotations") && json.at("annotations").is_object()) {
        LabelsBuilder annotations;
        for (const auto& [name, value] : json.at("annotations").items())
            annotations.set(name, value.get<std::string>());
        silence.annotations = annotations.build();
    }
    return silence;
}

std::expected<Silence, Response> silence_in(const Request& request) {
    if (auto refused = refuse_body(request, "silence")) return std::unexpected(*refused);
    try {
        return read_silence(Json::parse(request.body));
    } catch (const Json::exception& error) {
        return std::unexpected(wrong_type("silence", error.what()));
    }
}

Response bad_id(const std::string& id) {
    return fault(601, fmt::format("silenceID in path must be of type uuid: \"{}\"", id));
}

}  // namespace

Response get_silences(const Call& call) {
    const auto matchers = read_matchers(call.request);
    if (!matchers) return matchers.error();
    const auto view = call.desk.view();
    if (view == nullptr) return busy();
    std::vector<const Silence*> chosen;
    for (const Silence& silence : view->silences) {
        if (has_matchers(silence, *matchers)) chosen.push_back(&silence);
    }
    std::ranges::stable_sort(
        chosen, [&](const Silence* a, const Silence* b) { return comes_before(*a, *b, view->at); });
    Json json = Json::array();
    for (const Silence* silence : chosen)
        json.push_back(silence_json(*silence, view->at));
    return with_gzip(call.request, json_answer(json));
}

Response post_silence(const Call& call) {
    auto silence = silence_in(call.request);
    if (!silence) return silence.error();
    Author author{silence->created_by, call.request.remote_address};
    const auto put = call.desk.put_silence(std::move(*silence), std::move(author));
    if (!put) return busy();
    if (!*put) {
        const bool unknown = put->error().kind == alerting::Silences::Refusal::Kind::not_found;
        return refusal(unknown ? 404 : 400, put->error().message);
    }
    return json_answer(Json{{"silenceID", (*put)->silence.id}});
}

Response get_silence(const Call& call) {
    if (!alerting::is_uuid(call.id)) return bad_id(call.id);
    const auto view = call.desk.view();
    if (view == nullptr) return busy();
    for (const Silence& silence : view->silences) {
        if (silence.id == call.id) return json_answer(silence_json(silence, view->at));
    }
    return empty_answer(404);
}

Response delete_silence(const Call& call) {
    if (!alerting::is_uuid(call.id)) return bad_id(call.id);
    const auto expired = call.desk.expire_silence(
        call.id, {std::string(call.request.parameter("by")), call.request.remote_address});
    if (!expired) return busy();
    return empty_answer(*expired ? 200 : 404);
}

}  // namespace pilotlight::exporters::alertmanager_api

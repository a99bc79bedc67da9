#include "exporters/alertmanager_api/answers.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace pilotlight::exporters::alertmanager_api {
namespace {

using Json = nlohmann::ordered_json;
constexpr auto kReplace = Json::error_handler_t::replace;

/// `application/json; charset=utf-8` is JSON too.
bool is_json(std::string_view content_type) {
    std::string_view type = content_type.substr(0, content_type.find(';'));
    while (type.ends_with(' '))
        type.remove_suffix(1);
    return type == "application/json";
}

}  // namespace

Response document(std::string json) {
    json += '\n';
    return json_response(200, std::move(json));
}

Response refusal(int status, std::string_view message) {
    return json_response(status, Json(message).dump(-1, ' ', false, kReplace) + '\n');
}

Response fault(int code, std::string_view message) {
    const Json json{{"code", code}, {"message", message}};
    return json_response(code > 599 ? 422 : code, json.dump(-1, ' ', false, kReplace));
}

Response empty_answer(int status) {
    return {.status = status, .content_type = {}, .body = {}, .headers = {}};
}

Response busy() {
    return refusal(503, "the engine has not answered in time");
}

std::optional<Response> refuse_body(const Request& request, std::string_view name) {
    const std::string_view type = request.header("Content-Type");
    if (!is_json(type)) {
        return fault(415, fmt::format("unsupported media type \"{}\", only [application/json] are "
                                      "allowed",
                                      type));
    }
    if (request.body.empty()) return fault(602, fmt::format("{} in body is required", name));
    return std::nullopt;
}

Response wrong_type(std::string_view name, std::string_view why) {
    return fault(400, fmt::format("parsing {} body from \"\" failed, because {}", name, why));
}

}  // namespace pilotlight::exporters::alertmanager_api

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "exporters/http.h"

/// The forms of Alertmanager's answers.
namespace pilotlight::exporters::alertmanager_api {

/// `json` is a whole document; it gets its line's end, as there.
[[nodiscard]] Response document(std::string json);
/// What its handlers refuse: a JSON text.
[[nodiscard]] Response refusal(int status, std::string_view message);
/// What its OpenAPI layer refuses: `{"code":602,"message":"labels in body is required"}`. A code
/// beyond 599 is sent with 422.
[[nodiscard]] Response fault(int code, std::string_view message);
/// Without a body.
[[nodiscard]] Response empty_answer(int status);
/// The engine has not answered.
[[nodiscard]] Response busy();

/// The answer to a body that cannot be the JSON that the route calls `name`: of another media type,
/// or empty.
[[nodiscard]] std::optional<Response> refuse_body(const Request& request, std::string_view name);
/// The answer to a body that is no JSON, or of the wrong types.
[[nodiscard]] Response wrong_type(std::string_view name, std::string_view why);

}  // namespace pilotlight::exporters::alertmanager_api

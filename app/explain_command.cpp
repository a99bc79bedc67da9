#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "app/command_line.h"
#include "app/commands.h"
#include "app/explain_text.h"
#include "app/http_call.h"

namespace pilotlight::app {
namespace {

constexpr Duration kPatience{10'000};

/// What the answer says is wrong, or its status.
std::string refusal(const HttpAnswer& answer) {
    const auto document = nlohmann::json::parse(answer.body, nullptr, false);
    if (document.is_object() && document.contains("error") && document["error"].is_string()) {
        return document["error"].get<std::string>();
    }
    return fmt::format("HTTP {}", answer.status);
}

}  // namespace

int explain_command(const ExplainOptions& options) {
    std::vector<std::pair<std::string, std::string>> fields{{"alert", options.alert}};
    for (const std::string& label : options.labels)
        fields.emplace_back("label", label);
    const std::string url = options.url + "/api/explain?" + form_of(fields);
    const auto answer = call_http(url, "", kPatience);
    if (!answer) {
        std::cerr << answer.error().to_string() << '\n';
        return kExitCannot;
    }
    if (answer->status != 200) {
        std::cerr << "pilotlight: " << refusal(*answer) << '\n';
        return answer->status == 404 ? kExitNotGood : kExitCannot;
    }
    if (options.json) {
        std::cout << nlohmann::ordered_json::parse(answer->body).dump(2) << '\n';
        return kExitDone;
    }
    const auto text = explain_text(answer->body);
    if (!text) {
        std::cerr << "pilotlight: " << text.error().message << '\n';
        return kExitCannot;
    }
    std::cout << *text;
    return kExitDone;
}

}  // namespace pilotlight::app

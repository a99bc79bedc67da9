// POST /api/v2/alerts.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/annotations.h"
#include "exporters/alertmanager_api/answers.h"
#include "exporters/alertmanager_api/handlers.h"
#include "exporters/alertmanager_api/times.h"

namespace pilotlight::exporters::alertmanager_api {
namespace {

using Json = nlohmann::ordered_json;

/// What is told of the refused ones; a message may hold thousands.
constexpr std::size_t kRefusalsTold = 20;

/// An absolute URI or an absolute path.
bool is_uri(std::string_view text) {
    if (text.starts_with('/')) return true;
    const std::size_t colon = text.find(':');
    if (colon == text.npos || colon == 0) return false;
    const auto is_letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
    if (!is_letter(text[0])) return false;
    for (const char c : text.substr(1, colon - 1)) {
        const bool is_digit = c >= '0' && c <= '9';
        if (!is_letter(c) && !is_digit && c != '+' && c != '-' && c != '.') return false;
    }
    return true;
}

/// Empty labels are left out, empty annotations are not. Throws Json::exception where it is no map
/// of texts.
template <class Builder>
Labels read_from(const Json& object) {
    Builder builder;
    for (const auto& [name, value] : object.get_ref<const Json::object_t&>())
        builder.set(name, value.get<std::string>());
    return builder.build();
}

/// Throws Json::exception for a wrong type; the answer is to what is missing.
std::expected<alerting::PostedAlert, Response> read_alert(const Json& json, std::size_t index) {
    alerting::PostedAlert alert;
    const auto present = [&](const char* key) {
        const auto found = json.find(key);
        return found != json.end() && !found->is_null() ? &*found : nullptr;
    };
    if (!json.is_null()) (void)json.get_ref<const Json::object_t&>();
    const Json* labels = json.is_null() ? nullptr : present("labels");
    if (labels == nullptr) {
        return std::unexpected(fault(602, fmt::format("{}.labels in body is required", index)));
    }
    alert.labels = read_from<LabelsBuilder>(*labels);
    if (const Json* annotations = present("annotations"))
        alert.annotations = read_from<AnnotationsBuilder>(*annotations);
    for (const auto& [key, out] :
         {std::pair{"startsAt", &alert.starts_at}, std::pair{"endsAt", &alert.ends_at}}) {
        const Json* text = present(key);
        if (text == nullptr) continue;
        auto time = read_time(text->get<std::string>());
        if (!time) return std::unexpected(wrong_type("alerts", time.error().message));
        *out = *time;
    }
    if (const Json* url = present("generatorURL")) {
        alert.generator_url = url->get<std::string>();
        if (!alert.generator_url.empty() && !is_uri(alert.generator_url)) {
            return std::unexpected(
                fault(601, fmt::format("{}.generatorURL in body must be of type uri: \"{}\"", index,
                                       alert.generator_url)));
        }
    }
    return alert;
}

std::expected<std::vector<alerting::PostedAlert>, Response> alerts_in(const Request& request) {
    if (auto refused = refuse_body(request, "alerts")) return std::unexpected(*refused);
    std::vector<alerting::PostedAlert> alerts;
    try {
        const Json json = Json::parse(request.body);
        if (json.is_null()) return alerts;
        for (const Json& item : json.get_ref<const Json::array_t&>()) {
            auto alert = read_alert(item, alerts.size());
            if (!alert) return std::unexpected(std::move(alert.error()));
            alerts.push_back(std::move(*alert));
        }
    } catch (const Json::exception& error) {
        return std::unexpected(wrong_type("alerts", error.what()));
    }
    return alerts;
}

std::string in_one_line(const std::vector<std::string>& refused) {
    std::string line;
    for (std::size_t i = 0; i < refused.size() && i < kRefusalsTold; ++i) {
        if (i > 0) line += "; ";
        line += refused[i];
    }
    if (refused.size() > kRefusalsTold) {
        line += fmt::format("; and {} more", refused.size() - kRefusalsTold);
    }
    return line;
}

}  // namespace

Response post_alerts(const Call& call) {
    auto alerts = alerts_in(call.request);
    if (!alerts) return alerts.error();
    const auto refused = call.desk.post_alerts(std::move(*alerts));
    if (!refused) return busy();
    if (!refused->empty()) return refusal(400, in_one_line(*refused));
    return empty_answer(200);
}

}  // namespace pilotlight::exporters::alertmanager_api

#include <algorithm>
#include <nlohmann/json.hpp>

#include "exporters/evidence_json.h"
#include "exporters/handlers.h"

namespace pilotlight::exporters {
namespace {

using Json = nlohmann::ordered_json;

Json failure_json(const FailureView& failure) {
    Json json{{"at", format_time(failure.at)}, {"phase", failure.phase}, {"reason", failure.reason},
              {"detail", failure.detail},      {"blip", failure.blip},   {"evidence", nullptr}};
    if (failure.evidence != nullptr)
        json["evidence"] = Json::parse(evidence_json(*failure.evidence));
    return json;
}

}  // namespace

Response show_evidence(const Call& call) {
    constexpr std::string_view kBefore = "/api/targets/";
    constexpr std::string_view kAfter = "/evidence";
    std::string_view name = std::string_view(call.request.path).substr(kBefore.size());
    if (!name.ends_with(kAfter)) {
        return error_response(404, "not_found", "expected /api/targets/NAME/evidence");
    }
    name.remove_suffix(kAfter.size());
    const auto& targets = call.snapshot->targets;
    const auto target = std::ranges::find(targets, name, &TargetView::name);
    if (target == targets.end()) {
        return error_response(404, "not_found", "no target is called " + std::string(name));
    }
    Json json{{"target", target->name}, {"health", to_string(target->health)}};
    json["unknown_since"] =
        target->unknown_since ? Json(format_time(*target->unknown_since)) : Json(nullptr);
    json["last_failure"] =
        target->last_failure != nullptr ? failure_json(*target->last_failure) : Json(nullptr);
    return with_gzip(call.request,
                     json_response(200, json.dump(-1, ' ', false, Json::error_handler_t::replace)));
}

}  // namespace pilotlight::exporters

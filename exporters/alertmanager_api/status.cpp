// GET /api/v2/status, /api/v2/receivers.
#include <nlohmann/json.hpp>

#include "exporters/alertmanager_api/answers.h"
#include "exporters/alertmanager_api/handlers.h"

namespace pilotlight::exporters::alertmanager_api {
namespace {

using Json = nlohmann::ordered_json;

Response json_answer(const Json& json) {
    return document(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

Response get_receivers(const Call& call) {
    const auto view = call.desk.view();
    if (view == nullptr) return busy();
    Json json = Json::array();
    for (const alerting::ReceiverConfig& receiver : view->routing->receivers)
        json.push_back({{"name", receiver.name}});
    return json_answer(json);
}

Response get_status(const Call& call) {
    const auto view = call.desk.view();
    if (view == nullptr) return busy();
    return json_answer({{"cluster", {{"peers", Json::array()}, {"status", "disabled"}}},
                        {"config", {{"original", view->routing->original}}},
                        {"uptime", format_time(call.about.started_at)},
                        {"versionInfo",
                         {{"branch", ""},
                          {"buildDate", ""},
                          {"buildUser", ""},
                          {"goVersion", ""},
                          {"revision", call.about.revision},
                          {"version", call.about.version}}}});
}

}  // namespace pilotlight::exporters::alertmanager_api

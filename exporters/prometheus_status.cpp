// What tools ask a Prometheus about itself: GET
// /api/v1/status/{config,flags,runtimeinfo,walreplay}, alertmanagers, notifications, scrape_pools,
// and the administration that is switched off (web/api/v1/api.go). Only what is true of Pilotlight
// is told, in Prometheus's words.
#include <unistd.h>

#include <climits>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "exporters/handlers.h"
#include "exporters/process_metrics.h"

namespace pilotlight::exporters {
namespace {

using Json = nlohmann::ordered_json;

Response success(Json data) {
    const Json json{{"status", "success"}, {"data", std::move(data)}};
    return json_response(200, json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

PrometheusView view_of(const Site& site) {
    return site.prometheus_view ? site.prometheus_view() : PrometheusView{};
}

std::string working_directory() {
    char path[PATH_MAX] = "";
    return ::getcwd(path, sizeof path) == nullptr ? "" : path;
}

std::string host_name() {
    char name[HOST_NAME_MAX + 1] = "";
    return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

}  // namespace

Response show_configuration(const Call& call) {
    return success({{"yaml", view_of(call.site).yaml}});
}

Response show_flags(const Call& call) {
    Json flags = Json::object();
    for (const auto& [name, value] : view_of(call.site).flags)
        flags[name] = value;
    return success(std::move(flags));
}

Response show_runtime_info(const Call& call) {
    const Snapshot& snapshot = *call.snapshot;
    return success({{"startTime", format_time(snapshot.started_at)},
                    {"CWD", working_directory()},
                    {"hostname", host_name()},
                    {"serverTime", format_time(call.now)},
                    {"reloadConfigSuccess", snapshot.reload.successful},
                    {"lastConfigTime", format_time(snapshot.reload.last_success)},
                    {"corruptionCount", 0},
                    {"goroutineCount", read_process_metrics().threads},
                    {"GOMAXPROCS", std::thread::hardware_concurrency()},
                    {"GOGC", ""},
                    {"GODEBUG", ""},
                    {"storageRetention", view_of(call.site).retention}});
}

Response show_wal_replay(const Call& /*call*/) {
    return success({{"min", 0}, {"max", 0}, {"current", 0}});
}

Response show_alertmanagers(const Call& /*call*/) {
    return success(
        {{"activeAlertmanagers", Json::array()}, {"droppedAlertmanagers", Json::array()}});
}

Response show_notifications(const Call& call) {
    Json list = Json::array();
    const ReloadView& reload = call.snapshot->reload;
    if (!reload.successful) {
        list.push_back({{"text", "Configuration reload has failed."},
                        {"date", format_time(reload.last_attempt)},
                        {"active", true}});
    }
    return success(std::move(list));
}

Response show_scrape_pools(const Call& call) {
    std::set<std::string> pools;
    for (const TargetView& target : call.snapshot->targets)
        pools.insert(target.prober);
    return success({{"scrapePools", pools}});
}

Response refuse_administration(const Call& /*call*/) {
    return error_response(503, "unavailable", "admin APIs disabled");
}

}  // namespace pilotlight::exporters

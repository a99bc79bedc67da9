#include "app/heartbeat_record.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace pilotlight::app {
namespace {

using Json = nlohmann::json;
using probes::HeartbeatState;

Json of(WallTime time) {
    return time.time_since_epoch().count();
}

template <class T>
Json of(const std::optional<T>& value) {
    if (!value) return nullptr;
    if constexpr (std::same_as<T, WallTime>) {
        return of(*value);
    } else if constexpr (std::same_as<T, Duration>) {
        return value->count();
    } else {
        return *value;
    }
}

/// A time that can be reckoned with: from 1970 to 9999. Throws Json::exception for a wrong type.
Duration milliseconds_of(const Json& json) {
    constexpr std::int64_t kEnd = 253'402'300'800'000;
    return Duration(std::clamp<std::int64_t>(json.get<std::int64_t>(), 0, kEnd));
}

void read(const Json& json, const char* key, WallTime& out) {
    const auto found = json.find(key);
    if (found != json.end()) out = WallTime(milliseconds_of(*found));
}

template <class T>
void read(const Json& json, const char* key, std::optional<T>& out) {
    const auto found = json.find(key);
    if (found == json.end() || found->is_null()) return;
    if constexpr (std::same_as<T, WallTime>) {
        out = WallTime(milliseconds_of(*found));
    } else if constexpr (std::same_as<T, Duration>) {
        out = milliseconds_of(*found);
    } else {
        out = found->get<T>();
    }
}

/// Null where there is none. Throws Json::exception for what is no object.
const Json* object_at(const Json& json, const char* key) {
    const auto found = json.find(key);
    if (found == json.end() || found->is_null()) return nullptr;
    (void)found->get_ref<const Json::object_t&>();
    return &*found;
}

HeartbeatRecord record_of(const Json& json) {
    HeartbeatRecord record;
    HeartbeatState& state = record.state;
    (void)json.get_ref<const Json::object_t&>();
    read(json, "first_seen", state.first_seen);
    read(json, "last_ping", state.last_ping);
    read(json, "last_end", state.last_end);
    read(json, "last_success", state.last_success);
    read(json, "last_duration", state.last_duration);
    read(json, "last_exit_code", state.last_exit_code);
    read(json, "late_since", state.late_since);
    read(json, "gone_since", record.gone_since);
    state.body = json.value("body", "");
    for (const Json& run : json.value("runs", Json::array())) {
        if (state.runs.size() == HeartbeatState::kRunsMax) break;
        probes::HeartbeatRun& read_run = state.runs.emplace_back();
        read_run.id = run.value("id", "");
        read(run, "began", read_run.began);
    }
    if (const Json* trouble = object_at(json, "trouble")) {
        state.trouble.emplace();
        state.trouble->reason = trouble->value("reason", "failed");
        state.trouble->detail = trouble->value("detail", "");
        state.trouble->run = trouble->value("run", "");
        read(*trouble, "at", state.trouble->at);
    }
    if (const Json* excuse = object_at(json, "excuse")) {
        state.excuse.emplace();
        read(*excuse, "expected", state.excuse->expected);
        read(*excuse, "until", state.excuse->until);
    }
    return record;
}

}  // namespace

std::string to_json(const HeartbeatRecord& record) {
    const HeartbeatState& state = record.state;
    Json json{{"first_seen", of(state.first_seen)},
              {"last_ping", of(state.last_ping)},
              {"last_end", of(state.last_end)},
              {"last_success", of(state.last_success)},
              {"last_duration", of(state.last_duration)},
              {"last_exit_code", of(state.last_exit_code)},
              {"late_since", of(state.late_since)},
              {"body", state.body},
              {"runs", Json::array()}};
    for (const probes::HeartbeatRun& run : state.runs)
        json["runs"].push_back({{"id", run.id}, {"began", of(run.began)}});
    if (state.trouble) {
        json["trouble"] = {{"reason", state.trouble->reason},
                           {"detail", state.trouble->detail},
                           {"at", of(state.trouble->at)},
                           {"run", state.trouble->run}};
    }
    if (state.excuse) {
        json["excuse"] = {{"expected", of(state.excuse->expected)},
                          {"until", of(state.excuse->until)}};
    }
    if (record.gone_since) json["gone_since"] = of(*record.gone_since);
    // A job may print anything.
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<HeartbeatRecord> heartbeat_record_from(std::string_view json) {
    try {
        return record_of(Json::parse(json));
    } catch (const Json::exception& error) {
        return fail(error.what());
    }
}

}  // namespace pilotlight::app

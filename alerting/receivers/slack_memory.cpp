#include "alerting/receivers/slack_memory.h"

#include <nlohmann/json.hpp>

namespace pilotlight::alerting {
namespace {

using nlohmann::json;

std::string text_at(const json& object, const char* key) {
    const json value = object.value(key, json(""));
    return value.is_string() ? value.get<std::string>() : "";
}

}  // namespace

std::string SlackMemory::to_text() const {
    return json{{"channel", channel}, {"ts", ts}, {"shows", shows}, {"fired", fired}}.dump(
        -1, ' ', false, json::error_handler_t::replace);
}

std::optional<SlackMemory> SlackMemory::of_answer(std::string_view body) {
    const json object = json::parse(body, nullptr, false);
    if (!object.is_object()) return std::nullopt;
    SlackMemory memory{text_at(object, "channel"), text_at(object, "ts"), 0, {}};
    if (memory.channel.empty() || memory.ts.empty()) return std::nullopt;
    return memory;
}

std::optional<SlackMemory> SlackMemory::parse(std::string_view text) {
    auto memory = of_answer(text);
    if (!memory) return std::nullopt;
    const json object = json::parse(text, nullptr, false);
    const json shows = object.value("shows", json(0));
    if (shows.is_number_unsigned()) memory->shows = shows.get<std::uint64_t>();
    for (const json& fingerprint : object.value("fired", json::array())) {
        if (fingerprint.is_string()) memory->fired.push_back(fingerprint.get<std::string>());
    }
    return memory;
}

}  // namespace pilotlight::alerting

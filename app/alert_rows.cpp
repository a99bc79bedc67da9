#include "app/alert_rows.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/annotations.h"
#include "core/sample.h"

namespace pilotlight::app {
namespace {

using Json = nlohmann::json;

Json to_json(const Labels& labels) {
    Json object = Json::object();
    for (const Label label : labels)
        object[std::string(label.name)] = label.value;
    return object;
}

Json to_json(const std::optional<WallTime>& time) {
    return time ? Json(time->time_since_epoch().count()) : Json();
}

template <class Builder>
Labels read_from(const Json& object) {
    Builder builder;
    for (const auto& [name, value] : object.items())
        builder.set(name, value.get<std::string>());
    return builder.build();
}

Labels labels_from(const Json& object) {
    return read_from<LabelsBuilder>(object);
}

std::optional<WallTime> time_from(const Json& value) {
    if (value.is_null()) return std::nullopt;
    return WallTime(Duration(value.get<std::int64_t>()));
}

AlertState state_from(const std::string& word) {
    if (word == "firing") return AlertState::firing;
    return word == "resolved" ? AlertState::resolved : AlertState::pending;
}

rules::AlertCause cause_from(const std::string& word) {
    if (word == "no_data") return rules::AlertCause::no_data;
    return word == "error" ? rules::AlertCause::error : rules::AlertCause::condition;
}

}  // namespace

alerting::AlertRow to_row(const rules::AlertRecord& record) {
    Json object = {{"rule", record.rule},
                   {"rule_name", record.rule_name},
                   {"labels", to_json(record.labels)},
                   {"annotations", to_json(record.annotations)},
                   {"row", to_json(record.row)},
                   {"state", to_string(record.state)},
                   {"active_at", record.active_at.time_since_epoch().count()},
                   {"fired_at", to_json(record.fired_at)},
                   {"keep_firing_since", to_json(record.keep_firing_since)},
                   {"resolved_at", to_json(record.resolved_at)},
                   // JSON has no NaN: the value is a text.
                   {"value", format_value(record.value)},
                   {"generator_url", record.generator_url},
                   {"evidence", record.evidence},
                   {"targets", record.targets},
                   {"data_valid_for", record.data_valid_for.count()},
                   {"cause", to_string(record.cause)}};
    if (record.flapping_since) {
        object["flapping_since"] = to_json(record.flapping_since);
        object["flipped_at"] = to_json(record.flipped_at);
    }
    for (const WallTime change : record.changes)
        object["changes"].push_back(change.time_since_epoch().count());
    return {record.key(), object.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

std::optional<rules::AlertRecord> alert_record_from(std::string_view text) {
    try {
        const Json object = Json::parse(text);
        rules::AlertRecord record;
        record.rule = object.at("rule").get<std::uint64_t>();
        record.rule_name = object.at("rule_name").get<std::string>();
        record.labels = labels_from(object.at("labels"));
        record.annotations = read_from<AnnotationsBuilder>(object.at("annotations"));
        record.row = labels_from(object.at("row"));
        record.state = state_from(object.at("state").get<std::string>());
        record.active_at = WallTime(Duration(object.at("active_at").get<std::int64_t>()));
        record.fired_at = time_from(object.at("fired_at"));
        record.keep_firing_since = time_from(object.at("keep_firing_since"));
        record.resolved_at = time_from(object.at("resolved_at"));
        record.value = std::strtod(object.at("value").get<std::string>().c_str(), nullptr);
        record.generator_url = object.at("generator_url").get<std::string>();
        record.evidence = object.at("evidence").get<std::uint64_t>();
        record.targets = object.at("targets").get<std::vector<std::string>>();
        // Records of the first version have none of what follows.
        record.data_valid_for = Duration(object.value("data_valid_for", std::int64_t{0}));
        record.cause = cause_from(object.value("cause", "condition"));
        record.flapping_since = time_from(object.value("flapping_since", Json()));
        record.flipped_at = time_from(object.value("flipped_at", Json()));
        for (const Json& change : object.value("changes", Json::array()))
            record.changes.emplace_back(Duration(change.get<std::int64_t>()));
        return record;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

}  // namespace pilotlight::app

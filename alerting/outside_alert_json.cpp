#include <nlohmann/json.hpp>

#include "alerting/outside_alerts.h"

#include "core/annotations.h"

namespace pilotlight::alerting {
namespace {

using Json = nlohmann::json;

Json to_json(const Labels& labels) {
    Json object = Json::object();
    for (const Label label : labels)
        object[std::string(label.name)] = label.value;
    return object;
}

template <class Builder = LabelsBuilder>
Labels labels_from(const Json& object) {
    Builder builder;
    for (const auto& [name, value] : object.items())
        builder.set(name, value.get<std::string>());
    return builder.build();
}

WallTime time_from(const Json& value) {
    return WallTime(Duration(value.get<std::int64_t>()));
}

}  // namespace

std::string to_json(const OutsideAlert& alert) {
    const Json object{{"labels", to_json(alert.labels)},
                      {"annotations", to_json(alert.annotations)},
                      {"starts_at", alert.starts_at.time_since_epoch().count()},
                      {"ends_at", alert.ends_at.time_since_epoch().count()},
                      {"updated_at", alert.updated_at.time_since_epoch().count()},
                      {"generator_url", alert.generator_url},
                      {"timeout", alert.timeout}};
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<OutsideAlert> outside_alert_from_json(std::string_view text) {
    try {
        const Json object = Json::parse(text);
        OutsideAlert alert;
        alert.labels = labels_from(object.at("labels"));
        alert.annotations = labels_from<AnnotationsBuilder>(object.at("annotations"));
        alert.starts_at = time_from(object.at("starts_at"));
        alert.ends_at = time_from(object.at("ends_at"));
        alert.updated_at = time_from(object.at("updated_at"));
        alert.generator_url = object.at("generator_url").get<std::string>();
        alert.timeout = object.at("timeout").get<bool>();
        if (alert.labels.empty()) return std::nullopt;
        return alert;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

}  // namespace pilotlight::alerting

#include <nlohmann/json.hpp>

#include "alerting/notification.h"

#include "core/annotations.h"

namespace pilotlight::alerting {
namespace {

using nlohmann::json;

json labels_to_json(const Labels& labels) {
    json object = json::object();
    for (const Label label : labels)
        object[std::string(label.name)] = label.value;
    return object;
}

template <class Builder = LabelsBuilder>
Labels labels_from_json(const json& object) {
    Builder builder;
    for (const auto& [name, value] : object.items())
        builder.set(name, value.get<std::string>());
    return builder.build();
}

std::int64_t to_json_time(WallTime time) {
    return time.time_since_epoch().count();
}

WallTime time_from_json(const json& value) {
    return WallTime(Duration(value.get<std::int64_t>()));
}

json alert_to_json(const NotifiedAlert& alert) {
    json object{{"labels", labels_to_json(alert.labels)},
                {"annotations", labels_to_json(alert.annotations)},
                {"status", to_string(alert.status)},
                {"starts_at", to_json_time(alert.starts_at)},
                {"generator_url", alert.generator_url}};
    // JSON has no NaN or infinity; the value is text, as in Prometheus's API.
    object["value"] = fmt::format("{}", alert.value);
    if (alert.ends_at) object["ends_at"] = to_json_time(*alert.ends_at);
    return object;
}

NotifiedAlert alert_from_json(const json& object) {
    NotifiedAlert alert;
    alert.labels = labels_from_json(object.at("labels"));
    alert.annotations = labels_from_json<AnnotationsBuilder>(object.at("annotations"));
    alert.status = object.at("status") == "firing" ? Status::firing : Status::resolved;
    alert.starts_at = time_from_json(object.at("starts_at"));
    if (object.contains("ends_at")) alert.ends_at = time_from_json(object.at("ends_at"));
    alert.generator_url = object.at("generator_url").get<std::string>();
    alert.value = std::strtod(object.at("value").get<std::string>().c_str(), nullptr);
    return alert;
}

Cause cause_from(const std::string& text) {
    for (const Cause cause : {Cause::first, Cause::changed, Cause::resolved}) {
        if (text == to_string(cause)) return cause;
    }
    return Cause::repeat;
}

}  // namespace

std::string to_json(const Notification& notification) {
    json alerts = json::array();
    for (const NotifiedAlert& alert : notification.alerts)
        alerts.push_back(alert_to_json(alert));
    json object{{"sequence", notification.sequence},
                {"receiver", notification.to.receiver},
                {"integration", notification.to.integration},
                {"index", notification.to.index},
                {"group_key", notification.group_key},
                {"group_labels", labels_to_json(notification.group_labels)},
                {"dedup_key", notification.dedup_key},
                {"cause", to_string(notification.cause)},
                {"alerts", std::move(alerts)},
                {"external_url", notification.external_url},
                {"decided_at", to_json_time(notification.decided_at)},
                {"only_amends", notification.only_amends}};
    if (!notification.instead_of.empty()) object["instead_of"] = notification.instead_of;
    return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<Notification> notification_from_json(std::string_view text) {
    try {
        const json object = json::parse(text);
        Notification notification;
        notification.sequence = object.at("sequence").get<std::uint64_t>();
        notification.to = {object.at("receiver").get<std::string>(),
                           object.at("integration").get<std::string>(),
                           object.at("index").get<int>()};
        notification.group_key = object.at("group_key").get<std::string>();
        notification.group_labels = labels_from_json(object.at("group_labels"));
        notification.dedup_key = object.at("dedup_key").get<std::string>();
        notification.cause = cause_from(object.at("cause").get<std::string>());
        for (const json& alert : object.at("alerts")) {
            notification.alerts.push_back(alert_from_json(alert));
        }
        notification.external_url = object.at("external_url").get<std::string>();
        notification.decided_at = time_from_json(object.at("decided_at"));
        notification.only_amends = object.at("only_amends").get<bool>();
        notification.instead_of = object.value("instead_of", "");
        return notification;
    } catch (const json::exception&) {
        return std::nullopt;
    }
}

}  // namespace pilotlight::alerting

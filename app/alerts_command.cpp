#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/command_line.h"
#include "app/commands.h"
#include "app/http_call.h"
#include "app/matcher_words.h"
#include "app/table.h"

namespace pilotlight::app {
namespace {

using Json = nlohmann::json;

Result<Json> get_json(const std::string& url) {
    const auto body = body_of({.method = "GET", .url = url, .json = {}});
    if (!body) return std::unexpected(body.error());
    Json document = Json::parse(*body, nullptr, false);
    if (document.is_discarded()) return fail(url + ": the answer is no JSON");
    return document;
}

std::string text(const Json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return {};
    return found->is_string() ? found->get<std::string>() : found->dump();
}

Labels labels_of(const Json& object) {
    LabelsBuilder builder;
    for (const auto& [name, value] : object.items())
        builder.set(name, value.get<std::string>());
    return builder.build();
}

/// Receivers see external labels besides those that the rule gave.
bool is_same(const Json& seen_by_receivers, const Json& of_rule) {
    return std::ranges::all_of(of_rule.items(), [&](const auto& label) {
        return seen_by_receivers.contains(label.key()) &&
               seen_by_receivers.at(label.key()) == label.value();
    });
}

std::string state_of(const Json& status) {
    if (!status.at("silencedBy").empty()) return "silenced";
    return status.at("inhibitedBy").empty() ? "firing" : "inhibited";
}

/// Firing alerts as the alert API has them, with the value that the rule saw where it is known,
/// then pending ones.
Json merged(const Json& firing, const Json& of_rules, const Matchers& matchers) {
    Json all = Json::array();
    for (const Json& alert : firing) {
        Json one{{"state", state_of(alert.at("status"))},
                 {"labels", alert.at("labels")},
                 {"annotations", alert.at("annotations")},
                 {"activeAt", alert.at("startsAt")},
                 {"receivers", Json::array()},
                 {"silencedBy", alert.at("status").at("silencedBy")},
                 {"inhibitedBy", alert.at("status").at("inhibitedBy")},
                 {"fingerprint", alert.at("fingerprint")}};
        for (const Json& receiver : alert.at("receivers"))
            one["receivers"].push_back(receiver.at("name"));
        for (const Json& seen : of_rules) {
            if (!is_same(alert.at("labels"), seen.at("labels"))) continue;
            one["activeAt"] = seen.at("activeAt");
            one["value"] = seen.at("value");
            break;
        }
        all.push_back(std::move(one));
    }
    for (const Json& alert : of_rules) {
        if (alert.at("state") == "pending" && all_match(matchers, labels_of(alert.at("labels")))) {
            all.push_back(alert);
        }
    }
    return all;
}

Result<Json> list_alerts(const std::string& url, const Matchers& matchers) {
    auto firing = get_json(url + "/api/v2/alerts?" + filter_of(matchers));
    if (!firing) return firing;
    const auto of_rules = get_json(url + "/api/v1/alerts");
    if (!of_rules) return of_rules;
    return merged(*firing, of_rules->at("data").at("alerts"), matchers);
}

}  // namespace

int alerts_command(const AlertsOptions& options) {
    const auto matchers = read_matcher_words(options.matchers);
    if (!matchers) {
        std::cerr << matchers.error().to_string() << '\n';
        return kExitCannot;
    }
    const auto alerts = list_alerts(options.url, *matchers);
    if (!alerts) {
        std::cerr << alerts.error().to_string() << '\n';
        return kExitCannot;
    }
    if (options.json) {
        std::cout << alerts->dump(2) << '\n';
        return kExitDone;
    }
    std::vector<std::vector<std::string>> rows{
        {"STATE", "ALERT", "SEVERITY", "TARGET", "ACTIVE SINCE", "SUMMARY"}};
    for (const Json& alert : *alerts) {
        const Json& labels = alert.at("labels");
        rows.push_back({text(alert, "state"), text(labels, "alertname"), text(labels, "severity"),
                        text(labels, "target"), text(alert, "activeAt"),
                        text(alert.at("annotations"), "summary")});
    }
    print_table(rows);
    return kExitDone;
}

}  // namespace pilotlight::app

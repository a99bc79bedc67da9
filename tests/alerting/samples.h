#pragma once

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "alerting/notification.h"
#include "alerting/routing_config.h"
#include "tests/alerting/routing_text.h"

namespace pilotlight::alerting::testing {

inline WallTime noon(Duration later = {}) {
    return WallTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 2) +
                    std::chrono::hours(12)) +
           later;
}

inline NotifiedAlert sample_alert(std::string_view instance, bool firing = true) {
    NotifiedAlert alert;
    alert.labels = Labels{{"alertname", "InstanceDown"},
                          {"severity", "critical"},
                          {"instance", instance},
                          {"service", "shop"}};
    alert.annotations = Labels{{"summary", "The shop is down"},
                               {"description", "No answer for 2 minutes."},
                               {"runbook_url", "https://runbooks.example/down?a=1&b=2"}};
    alert.starts_at = noon();
    alert.generator_url = "https://pilotlight.example/graph?g0.expr=up+%3D%3D+0";
    if (!firing) {
        alert.status = Status::resolved;
        alert.ends_at = noon(std::chrono::seconds(754));
    }
    return alert;
}

/// `firing` alerts that fire and `resolved` ones that ended.
inline Notification sample(int firing, int resolved, std::string integration) {
    Notification notification;
    notification.sequence = 7;
    notification.to = {"ops", std::move(integration), 0};
    notification.group_labels = Labels{{"alertname", "InstanceDown"}};
    notification.group_key = "ops:{alertname=\"InstanceDown\"}";
    notification.dedup_key = make_dedup_key("ops", notification.group_labels, "");
    notification.external_url = "https://pilotlight.example";
    notification.decided_at = noon(std::chrono::minutes(13));
    for (int i = 0; i < firing; ++i) {
        notification.alerts.push_back(sample_alert("web-" + std::to_string(i)));
    }
    for (int i = 0; i < resolved; ++i) {
        notification.alerts.push_back(sample_alert("gone-" + std::to_string(i), false));
    }
    return notification;
}

/// Labels that try to break out of every markup, and texts that are too long.
inline Notification hostile(std::string integration) {
    Notification notification = sample(1, 0, std::move(integration));
    NotifiedAlert& alert = notification.alerts[0];
    const std::string name = "<!channel> & <@U123> @here\r\nBcc: all@evil.example";
    const std::string huge = "<!here> @everyone " + std::string(10 << 20, 'x');
    // U+202E turns round what follows it; U+009B is an escape sequence's beginning.
    alert.labels = Labels{{"alertname", name},
                          {"severity", "\"},{\"routing_key\":\"stolen"},
                          {"instance", "a|b>c\x01\x1b[31m\xff\xfe\u009b\u202egpj.exe"}};
    alert.annotations = Labels{{"summary", huge},
                               {"description", "line\nbreak\r\nX-Evil: 1 </div>'\"\u2066"},
                               {"runbook_url", "https://evil.example/\r\nX-Evil: 2|<!here>)"}};
    notification.group_labels = Labels{{"alertname", name}};
    return notification;
}

/// An integration made of one entry of `KIND_configs`.
inline IntegrationPtr integration(const std::string& kind, const std::string& entry) {
    const auto config = routing("route: {receiver: ops}\nreceivers:\n  - name: ops\n    " + kind +
                                "_configs:\n      - " + entry + "\n");
    return config->receivers[0].integrations.at(0);
}

/// `x{4000 times}` for what a hostile alert repeats.
inline std::string without_runs(const std::string& text) {
    constexpr std::size_t kRunMin = 100;
    std::string folded;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find_first_not_of(text[at], at), text.size());
        folded += end - at < kRunMin
                      ? text.substr(at, end - at)
                      : std::string(1, text[at]) + "{" + std::to_string(end - at) + " times}";
        at = end;
    }
    return folded;
}

/// Compares with tests/alerting/golden/NAME; PILOTLIGHT_UPDATE_GOLDEN=1 writes it instead.
inline void check_golden(const std::string& name, const Message& message) {
    std::string text;
    for (const runtime::HttpRequest& request : message.requests) {
        text += request.method + " " + request.url + "\n";
        for (const auto& header : request.headers)
            text += header.name + ": " + header.value + "\n";
        text += without_runs(nlohmann::json::parse(request.body).dump(2)) + "\n\n";
    }
    for (const char c : message.mail) {
        if (c != '\r') text += c;
    }
    const std::string path = "tests/alerting/golden/" + name + ".txt";
    if (std::getenv("PILOTLIGHT_UPDATE_GOLDEN") != nullptr) {
        std::ofstream(path, std::ios::binary) << text;
        return;
    }
    std::ifstream file(path, std::ios::binary);
    std::stringstream wanted;
    wanted << file.rdbuf();
    BOOST_TEST(text == wanted.str());
}

inline runtime::HttpResult answer(int status, std::string body = "",
                                  std::vector<runtime::HttpHeader> headers = {}) {
    runtime::HttpResult result;
    result.status = status;
    result.body = std::move(body);
    result.headers = std::move(headers);
    return result;
}

/// `delivered`, `retry rate_limited after 30s`, `rejected client_error`.
inline std::string verdict(const Delivery& delivery) {
    if (delivery.kind == Delivery::Kind::delivered) return "delivered";
    std::string text = delivery.kind == Delivery::Kind::retry ? "retry " : "rejected ";
    text += to_string(delivery.reason);
    if (delivery.retry_after) text += " after " + format_duration(*delivery.retry_after);
    return text;
}

}  // namespace pilotlight::alerting::testing

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "alerting/read_context.h"
#include "core/document.h"

/// The options of `pagerduty_configs`, as written.
namespace pilotlight::alerting {

struct RawPagerDutyLink {
    TextOption href;
    TextOption text;
};

struct RawPagerDutyImage {
    TextOption src;
    TextOption alt;
    TextOption href;
};

struct RawPagerDuty {
    bool send_resolved = true;
    std::optional<Node> http_config;
    Secret routing_key;
    std::string routing_key_file;
    Secret service_key;
    std::string service_key_file;
    std::string url;
    TextOption client{R"({{ template "pagerduty.default.client" . }})", {}};
    TextOption client_url{R"({{ template "pagerduty.default.clientURL" . }})", {}};
    TextOption description{R"({{ template "pagerduty.default.description" . }})", {}};
    TextOption severity;
    TextOption source;
    TextOption class_;
    TextOption component;
    TextOption group;
    std::optional<Node> details;
    std::vector<Node> images;
    std::vector<Node> links;
    Duration timeout = std::chrono::seconds(10);
};

/// What is wrong goes to the context's errors.
[[nodiscard]] RawPagerDuty read_pagerduty_options(const Node& node, ReadContext& context);
[[nodiscard]] RawPagerDutyLink read_pagerduty_link(const Node& node, ReadContext& context);
[[nodiscard]] RawPagerDutyImage read_pagerduty_image(const Node& node, ReadContext& context);

}  // namespace pilotlight::alerting

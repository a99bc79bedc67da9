#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "exporters/http.h"
#include "probes/target.h"

/// What a request to /probe asks for, as blackbox_exporter reads it. Pure.
namespace pilotlight::app {

struct ProbeRequest {
    std::string module;
    /// Without login and query: for messages.
    std::string target;
    bool debug = false;
    /// Whether a client anywhere may ask for it.
    bool is_open = false;
    probes::PreparedTarget prepared;
};

/// What a client is told instead.
struct Refusal {
    int status = 400;
    std::string text;
};

/// How long the probe may take: the module's timeout, but half a second less than the scraper
/// waits, who says so in seconds; 120 s where neither says anything, never more than 10 minutes.
/// Fails where the header is no number.
[[nodiscard]] std::expected<Duration, Refusal> probe_timeout(
    std::string_view scrape_timeout, const std::optional<Duration>& of_module);

/// `anything`: whether the client may have every target probed, or only those of
/// `probe_endpoint.allow`, for which their `hostname` counts too, and without debug.
[[nodiscard]] std::expected<ProbeRequest, Refusal> read_probe_request(
    const exporters::Request& request, const config::Config& config, bool anything);

}  // namespace pilotlight::app

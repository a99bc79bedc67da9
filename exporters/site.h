#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporters/http.h"
#include "exporters/rendered.h"
#include "exporters/snapshot.h"
#include "exporters/text_writer.h"

namespace pilotlight::exporters {

/// Whether a request only reads, or changes something: then it must come from loopback and from
/// no other site's page (exporters/origin.h).
enum class Access { read, change };

/// A route that somebody else brings: the demo's faults, what must ask the engine. Such a handler
/// runs on an HTTP thread and must wait with a limit.
struct ExtraRoute {
    std::string method;
    /// The whole path, or with a `/` at its end what the path begins with.
    std::string path;
    Access access = Access::read;
    std::function<Response(const Request&)> handle;
};

/// What of the live configuration Prometheus has a word for: tools that ask a Prometheus about
/// itself read their intervals and limits there. No secrets.
struct PrometheusView {
    /// Prometheus's configuration file, as far as it is true.
    std::string yaml;
    /// Names of Prometheus's command line flags, without dashes, with their values.
    std::vector<std::pair<std::string, std::string>> flags;
    /// How far back queries can look.
    std::string retention;
};

/// What the handlers may see and do. Built once before the server starts; everything in it is
/// called from many HTTP threads at a time and must outlive the server.
struct Site {
    /// The newest snapshot; null until the first configuration is live. Where making one costs the
    /// engine something, wrap it in at_most_every().
    std::function<SharedSnapshot()> snapshot;
    /// SelfMetrics::collect(now).
    std::function<SharedBatch()> own_metrics;
    /// The catalogue of metric names; may be empty.
    FamilyLookup family;
    /// Waits, with a limit, until the new configuration is live (no lines) or refused (what is
    /// wrong, a line each, `FILE:LINE:COL: ...`).
    std::function<std::vector<std::string>()> reload;
    /// Begins the end of the process and returns.
    std::function<void()> quit;
    /// Of the live configuration; may be empty.
    std::function<PrometheusView()> prometheus_view;
    std::vector<ExtraRoute> extra;
    std::string version;
    std::string revision;
    /// Host names besides IP addresses and localhost that a request that changes something may be
    /// addressed to: the host of `listen`, if it is a name, and of `external_url`.
    std::vector<std::string> host_names;
    /// Pages that were made a moment ago.
    std::shared_ptr<Rendered> rendered = std::make_shared<Rendered>();
};

/// Answers one request. Never throws for what a client does; what a callback throws passes through
/// (HttpServer answers it with 500).
/// Thread: any.
[[nodiscard]] Response handle(const Request& request, const Site& site, WallTime now);

}  // namespace pilotlight::exporters

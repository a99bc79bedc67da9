#include "exporters/site.h"

#include <algorithm>
#include <array>

#include "exporters/handlers.h"
#include "exporters/origin.h"

namespace pilotlight::exporters {
namespace {

/// What a route must see of the state.
enum class Needs {
    /// Nothing: the engine is not asked, so that it answers however the engine fares.
    nothing,
    /// The newest snapshot, null until the first configuration is live.
    whatever_is_there,
    /// A snapshot; without one it is 503.
    a_snapshot,
};

struct Route {
    std::string_view method;
    /// As ExtraRoute::path.
    std::string_view path;
    Access access;
    Needs needs;
    Response (*handle)(const Call&);
};

constexpr Route kRoutes[] = {
    {"GET", "/", Access::read, Needs::nothing, show_status_page},
    {"GET", "/assets/", Access::read, Needs::nothing, show_asset},
    {"GET", "/metrics", Access::read, Needs::whatever_is_there, show_metrics},
    {"GET", "/-/healthy", Access::read, Needs::whatever_is_there, show_healthy},
    {"GET", "/-/ready", Access::read, Needs::whatever_is_there, show_ready},
    {"POST", "/-/reload", Access::change, Needs::nothing, reload},
    {"POST", "/-/quit", Access::change, Needs::nothing, quit},
    {"GET", "/api/health", Access::read, Needs::whatever_is_there, show_health},
    {"GET", "/api/status", Access::read, Needs::a_snapshot, show_status},
    {"GET", "/api/targets/", Access::read, Needs::a_snapshot, show_evidence},
    {"GET", "/api/v1/alerts", Access::read, Needs::a_snapshot, show_alerts},
    {"GET", "/api/v1/rules", Access::read, Needs::a_snapshot, show_rules},
    {"GET", "/api/v1/targets", Access::read, Needs::a_snapshot, show_targets},
    {"GET", "/api/v1/scrape_pools", Access::read, Needs::a_snapshot, show_scrape_pools},
    {"GET", "/api/v1/alertmanagers", Access::read, Needs::nothing, show_alertmanagers},
    {"GET", "/api/v1/notifications", Access::read, Needs::a_snapshot, show_notifications},
    {"GET", "/api/v1/status/buildinfo", Access::read, Needs::nothing, show_build_info},
    {"GET", "/api/v1/status/config", Access::read, Needs::nothing, show_configuration},
    {"GET", "/api/v1/status/flags", Access::read, Needs::nothing, show_flags},
    {"GET", "/api/v1/status/runtimeinfo", Access::read, Needs::a_snapshot, show_runtime_info},
    {"GET", "/api/v1/status/walreplay", Access::read, Needs::nothing, show_wal_replay},
    {"POST", "/api/v1/admin/tsdb/", Access::read, Needs::nothing, refuse_administration},
    {"PUT", "/api/v1/admin/tsdb/", Access::read, Needs::nothing, refuse_administration},
};

bool is_at(std::string_view path, std::string_view route) {
    if (route.size() > 1 && route.ends_with('/')) return path.starts_with(route);
    return path == route;
}

Response not_found(const Request& request) {
    return error_response(404, "not_found", "there is nothing at " + request.path);
}

Response not_allowed(const Request& request, const std::string& allowed) {
    Response response = error_response(
        405, "method_not_allowed", request.path + " takes " + allowed + ", not " + request.method);
    response.headers.emplace_back("Allow", allowed);
    return response;
}

template <class AnyRoute, class Run>
Response admit(const Request& request, const Site& site, const AnyRoute& route, Run run) {
    if (route.access == Access::change) {
        if (const auto reason = refuse_change(request, site.host_names)) {
            return error_response(403, "forbidden", *reason);
        }
    }
    return run();
}

Response call(const Route& route, const Request& request, const Site& site, WallTime now) {
    return admit(request, site, route, [&] {
        const bool asks = route.needs != Needs::nothing;
        const Call call{request, site, asks ? site.snapshot() : nullptr, now};
        if (route.needs == Needs::a_snapshot && call.snapshot == nullptr) {
            return error_response(503, "unavailable", "no configuration is live yet");
        }
        return route.handle(call);
    });
}

Response dispatch(const Request& request, const Site& site, WallTime now) {
    std::string other_methods;
    const auto matches = [&](const auto& route) {
        if (!is_at(request.path, route.path)) return false;
        if (request.method == route.method) return true;
        if (!other_methods.empty()) other_methods += ", ";
        other_methods += route.method;
        return false;
    };
    for (const Route& route : kRoutes) {
        if (matches(route)) return call(route, request, site, now);
    }
    for (const ExtraRoute& route : site.extra) {
        if (matches(route)) {
            return admit(request, site, route, [&] { return route.handle(request); });
        }
    }
    return other_methods.empty() ? not_found(request) : not_allowed(request, other_methods);
}

}  // namespace

Response handle(const Request& request, const Site& site, WallTime now) {
    Response response = dispatch(request, site, now);
    const auto add_default = [&](const char* name, const char* value) {
        const auto named = [&](const Header& header) { return header.first == name; };
        if (std::ranges::none_of(response.headers, named))
            response.headers.emplace_back(name, value);
    };
    add_default("X-Content-Type-Options", "nosniff");
    add_default("Referrer-Policy", "no-referrer");
    // What it shows changes by the second: a cache may keep it only to ask again.
    add_default("Cache-Control", "no-cache");
    return response;
}

}  // namespace pilotlight::exporters

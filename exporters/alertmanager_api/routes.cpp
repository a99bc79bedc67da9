#include "exporters/alertmanager_api/routes.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string_view>

#include "exporters/alertmanager_api/answers.h"
#include "exporters/alertmanager_api/handlers.h"

namespace pilotlight::exporters::alertmanager_api {
namespace {

constexpr std::string_view kBase = "/api/v2";

struct Route {
    std::string_view method;
    /// Behind the base; with a `/` at its end it takes an id.
    std::string_view path;
    Response (*handle)(const Call&);
};

constexpr Route kRoutes[] = {
    {"GET", "/alerts", get_alerts},        {"POST", "/alerts", post_alerts},
    {"GET", "/alerts/groups", get_groups}, {"GET", "/silences", get_silences},
    {"POST", "/silences", post_silence},   {"DELETE", "/silence/", delete_silence},
    {"GET", "/silence/", get_silence},     {"GET", "/receivers", get_receivers},
    {"GET", "/status", get_status},
};

struct Api {
    AlertDesk desk;
    About about;
};

/// What stands behind `route`, where it matches.
std::optional<std::string_view> id_at(std::string_view path, std::string_view route) {
    if (!route.ends_with('/')) {
        return path == route ? std::optional(std::string_view{}) : std::nullopt;
    }
    if (!path.starts_with(route) || path.size() == route.size()) return std::nullopt;
    const std::string_view id = path.substr(route.size());
    return id.contains('/') ? std::nullopt : std::optional(id);
}

Response answer(const Request& request, const Api& api) {
    std::string_view path = std::string_view(request.path).substr(kBase.size());
    if (path.ends_with('/')) path.remove_suffix(1);
    std::string allowed;
    for (const Route& route : kRoutes) {
        const auto id = id_at(path, route.path);
        if (!id) continue;
        if (route.method == request.method) {
            return route.handle({request, api.desk, api.about, std::string(*id)});
        }
        if (!allowed.empty()) allowed += ',';
        allowed += route.method;
    }
    if (allowed.empty()) return fault(404, fmt::format("path {} was not found", request.path));
    Response response =
        fault(405, fmt::format("method {} is not allowed, but [{}] are", request.method, allowed));
    response.headers.emplace_back("Allow", allowed);
    return response;
}

Response fresh_answer(const Request& request, const Api& api) {
    Response response = answer(request, api);
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

}  // namespace

std::vector<ExtraRoute> routes(AlertDesk desk, About about) {
    const auto api = std::make_shared<const Api>(Api{std::move(desk), std::move(about)});
    std::vector<ExtraRoute> routes;
    for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
        const bool reads = std::string_view(method) == "GET";
        routes.push_back({method, fmt::format("{}/", kBase), reads ? Access::read : Access::change,
                          [api](const Request& request) { return fresh_answer(request, *api); }});
    }
    return routes;
}

}  // namespace pilotlight::exporters::alertmanager_api

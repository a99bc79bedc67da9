#include <algorithm>

#include "exporters/assets.h"
#include "exporters/handlers.h"

namespace pilotlight::exporters {
namespace {

// No inline script or style, nothing from elsewhere, no frame around it.
constexpr const char* kContentPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct MediaType {
    std::string_view ending;
    std::string_view type;
};
constexpr MediaType kMediaTypes[] = {
    {".css", "text/css; charset=utf-8"},
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".svg", "image/svg+xml"},
};

std::string_view media_type(std::string_view name) {
    for (const MediaType& known : kMediaTypes) {
        if (name.ends_with(known.ending)) return known.type;
    }
    return "application/octet-stream";
}

Response serve(const Request& request, const Asset& asset) {
    Response response;
    response.content_type = media_type(asset.name);
    response.body = make_body(std::string(asset.content));
    response.headers.emplace_back("Content-Security-Policy", kContentPolicy);
    return with_gzip(request, with_etag(request, std::move(response)));
}

}  // namespace

const Asset* find_asset(std::string_view name) {
    const auto all = assets();
    const auto found = std::ranges::find(all, name, &Asset::name);
    return found == all.end() ? nullptr : &*found;
}

Response show_status_page(const Call& call) {
    const Asset* page = find_asset("index.html");
    return page == nullptr ? error_response(404, "not_found", "the status page is missing")
                           : serve(call.request, *page);
}

Response show_asset(const Call& call) {
    constexpr std::string_view kFolder = "/assets/";
    const Asset* asset = find_asset(std::string_view(call.request.path).substr(kFolder.size()));
    return asset == nullptr
               ? error_response(404, "not_found", "there is nothing at " + call.request.path)
               : serve(call.request, *asset);
}

}  // namespace pilotlight::exporters

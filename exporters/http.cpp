#include "exporters/http.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "exporters/gzip.h"
#include "exporters/text_format.h"

namespace pilotlight::exporters {
namespace {

constexpr std::size_t kWorthCompressing = 1024;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

template <class Pairs>
auto find_header(Pairs& headers, std::string_view name) {
    return std::ranges::find_if(
        headers, [&](const Header& header) { return equal_ignoring_case(header.first, name); });
}

Response make_response(int status, std::string content_type, std::string body) {
    return {.status = status,
            .content_type = std::move(content_type),
            .body = std::make_shared<const std::string>(std::move(body)),
            .headers = {}};
}

/// Whether an If-None-Match list holds the tag; weakly compared (RFC 9110, 13.1.2).
bool has_tag(std::string_view list, std::string_view tag) {
    while (!list.empty()) {
        std::string_view item = list.substr(0, list.find(','));
        list.remove_prefix(std::min(item.size() + 1, list.size()));
        while (item.starts_with(' '))
            item.remove_prefix(1);
        while (item.ends_with(' '))
            item.remove_suffix(1);
        if (item == "*") return true;
        if (item.starts_with("W/")) item.remove_prefix(2);
        if (item == tag) return true;
    }
    return false;
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
    const auto found = find_header(headers, name);
    return found == headers.end() ? std::string_view{} : std::string_view(found->second);
}

bool Request::has_header(std::string_view name) const {
    return find_header(headers, name) != headers.end();
}

std::string_view Request::parameter(std::string_view name) const {
    const auto found = std::ranges::find(parameters, name,
                                         [](const auto& p) -> std::string_view { return p.first; });
    return found == parameters.end() ? std::string_view{} : std::string_view(found->second);
}

Response text_response(int status, std::string text) {
    return make_response(status, "text/plain; charset=utf-8", std::move(text));
}

Response json_response(int status, std::string json) {
    return make_response(status, "application/json", std::move(json));
}

Response error_response(int status, std::string_view type, std::string_view message) {
    const nlohmann::ordered_json json{{"status", "error"}, {"errorType", type}, {"error", message}};
    return json_response(
        status, json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

Response with_etag(const Request& request, Response response) {
    if (response.status != 200) return response;
    // Weak: the same state may be sent compressed or not.
    const std::string tag = fmt::format("\"{:016x}\"", hash_bytes(response.text()));
    response.headers.emplace_back("ETag", "W/" + tag);
    if (has_tag(request.header("If-None-Match"), tag)) {
        response.status = 304;
        response.body = nullptr;
    }
    return response;
}

Response with_gzip(const Request& request, Response response) {
    if (response.text().size() < kWorthCompressing) return response;
    response.headers.emplace_back("Vary", "Accept-Encoding");
    if (!accepts_gzip(request.header("Accept-Encoding"))) return response;
    auto compressed = gzip(response.text());
    if (!compressed) return response;
    response.body = std::make_shared<const std::string>(std::move(*compressed));
    response.headers.emplace_back("Content-Encoding", "gzip");
    return response;
}

}  // namespace pilotlight::exporters

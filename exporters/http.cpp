#include "exporters/http.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

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

std::string_view first_of(std::span<const std::pair<std::string, std::string>> parameters,
                          std::string_view name) {
    const auto found = std::ranges::find(parameters, name,
                                         [](const auto& p) -> std::string_view { return p.first; });
    return found == parameters.end() ? std::string_view{} : std::string_view(found->second);
}

Response make_response(int status, std::string content_type, std::string body) {
    return {.status = status,
            .content_type = std::move(content_type),
            .body = make_body(std::move(body)),
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

Body::Body(std::string text) {
    const auto kept = std::make_shared<const std::string>(std::move(text));
    owner_ = kept;
    pieces_ = {*kept};
    begins_ = {0};
    size_ = kept->size();
}

Body::Body(std::vector<std::string_view> pieces, std::shared_ptr<const void> owner)
    : pieces_(std::move(pieces)), owner_(std::move(owner)) {
    begins_.reserve(pieces_.size());
    for (const std::string_view piece : pieces_) {
        begins_.push_back(size_);
        size_ += piece.size();
    }
}

std::string_view Body::from(std::size_t offset) const {
    if (offset >= size_) return {};
    const auto after = std::ranges::upper_bound(begins_, offset);
    const auto index = static_cast<std::size_t>(after - begins_.begin()) - 1;
    return pieces_[index].substr(offset - begins_[index]);
}

std::string Body::text() const {
    std::string text;
    text.reserve(size_);
    for (const std::string_view piece : pieces_)
        text += piece;
    return text;
}

SharedBody make_body(std::string text) {
    return std::make_shared<const Body>(std::move(text));
}

std::string_view Request::header(std::string_view name) const {
    const auto found = find_header(headers, name);
    return found == headers.end() ? std::string_view{} : std::string_view(found->second);
}

bool Request::has_header(std::string_view name) const {
    return find_header(headers, name) != headers.end();
}

std::string_view Request::parameter(std::string_view name) const {
    return first_of(parameters, name);
}

std::string_view Request::query_parameter(std::string_view name) const {
    return first_of(std::span(parameters).subspan(form_fields), name);
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
    std::uint64_t hash = hash_bytes("");
    if (response.body != nullptr) {
        for (const std::string_view piece : response.body->pieces())
            hash = hash_bytes(piece, hash);
    }
    // Weak: the same state may be sent compressed or not.
    const std::string tag = fmt::format("\"{:016x}\"", hash);
    response.headers.emplace_back("ETag", "W/" + tag);
    if (has_tag(request.header("If-None-Match"), tag)) {
        response.status = 304;
        response.body = nullptr;
    }
    return response;
}

Response with_gzip(const Request& request, Response response) {
    if (response.size() < kWorthCompressing) return response;
    response.headers.emplace_back("Vary", "Accept-Encoding");
    if (!accepts_gzip(request.header("Accept-Encoding"))) return response;
    auto compressed = gzip(response.body->pieces());
    if (!compressed) return response;
    response.body = make_body(std::move(*compressed));
    response.headers.emplace_back("Content-Encoding", "gzip");
    return response;
}

}  // namespace pilotlight::exporters

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Requests and answers as values: handlers are functions of them, and only http_server.cpp knows
/// sockets or a library.
namespace pilotlight::exporters {

using Header = std::pair<std::string, std::string>;

struct Request {
    /// "GET" for HEAD too: the server leaves the body away.
    std::string method = "GET";
    /// Decoded, without the query.
    std::string path = "/";
    /// The query's parameters, and a form's, decoded, in order.
    std::vector<std::pair<std::string, std::string>> parameters;
    std::vector<Header> headers;
    std::string body;
    /// The peer's address without port, as text.
    std::string remote_address;

    /// The first header of that name, in any case of letters; "" where there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const;
    [[nodiscard]] bool has_header(std::string_view name) const;
    /// The first parameter of that name; "" where there is none.
    [[nodiscard]] std::string_view parameter(std::string_view name) const;
};

/// Shared, so that one body serves any number of clients uncopied.
using SharedBody = std::shared_ptr<const std::string>;

struct Response {
    int status = 200;
    std::string content_type;
    /// Null is an empty body.
    SharedBody body;
    std::vector<Header> headers;

    [[nodiscard]] std::string_view text() const {
        return body == nullptr ? std::string_view{} : std::string_view(*body);
    }
};

[[nodiscard]] Response text_response(int status, std::string text);
/// `json` is a whole document.
[[nodiscard]] Response json_response(int status, std::string json);
/// `{"status":"error","errorType":TYPE,"error":MESSAGE}`, the form of Prometheus's API.
[[nodiscard]] Response error_response(int status, std::string_view type, std::string_view message);

/// Adds an `ETag` of the body, and makes it 304 without one when the request has it already.
[[nodiscard]] Response with_etag(const Request& request, Response response);

/// Compresses the body where the request allows gzip and it is worth it (over 1 KiB).
[[nodiscard]] Response with_gzip(const Request& request, Response response);

}  // namespace pilotlight::exporters

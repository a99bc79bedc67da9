#pragma once

#include <cstddef>
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
    /// A form's fields, then the query's parameters, decoded, in order.
    std::vector<std::pair<std::string, std::string>> parameters;
    /// How many of `parameters` are a form's fields.
    std::size_t form_fields = 0;
    std::vector<Header> headers;
    std::string body;
    /// The peer's address without port, as text.
    std::string remote_address;
    /// Whether who asks has shown who he is: a password, or a certificate that is vouched for.
    bool has_login = false;

    /// The first header of that name, in any case of letters; "" where there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const;
    [[nodiscard]] bool has_header(std::string_view name) const;
    /// The first parameter of that name; "" where there is none.
    [[nodiscard]] std::string_view parameter(std::string_view name) const;
    /// The same of the query only: where the body is not ours to read.
    [[nodiscard]] std::string_view query_parameter(std::string_view name) const;
};

/// The bytes of an answer, in pieces, so that what was written piece by piece is never copied
/// together. Immutable.
class Body {
  public:
    explicit Body(std::string text);
    /// The pieces lie in what `owner` keeps alive.
    Body(std::vector<std::string_view> pieces, std::shared_ptr<const void> owner);
    Body(const Body&) = delete;
    Body& operator=(const Body&) = delete;
    ~Body() = default;

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] const std::vector<std::string_view>& pieces() const { return pieces_; }
    /// The rest of the piece that the byte at `offset` lies in; empty at the end. O(log pieces).
    [[nodiscard]] std::string_view from(std::size_t offset) const;
    /// All of it, copied.
    [[nodiscard]] std::string text() const;

  private:
    std::vector<std::string_view> pieces_;
    /// Where each piece begins.
    std::vector<std::size_t> begins_;
    std::shared_ptr<const void> owner_;
    std::size_t size_ = 0;
};

/// Shared, so that one body serves any number of clients.
using SharedBody = std::shared_ptr<const Body>;

[[nodiscard]] SharedBody make_body(std::string text);

struct Response {
    int status = 200;
    std::string content_type;
    /// Null is an empty body.
    SharedBody body;
    std::vector<Header> headers;

    [[nodiscard]] std::size_t size() const { return body == nullptr ? 0 : body->size(); }
    [[nodiscard]] std::string text() const {
        return body == nullptr ? std::string{} : body->text();
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

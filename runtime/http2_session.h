#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/failure.h"
#include "runtime/http_client.h"

/// Inside of the HTTP client: the client's side of HTTP/2 (RFC 9113) without any I/O. nghttp2's one
/// home.
namespace pilotlight::runtime {

struct Http2Request {
    std::string method;
    /// "http" or "https".
    std::string scheme;
    /// Host and port as in a Host header.
    std::string authority;
    std::string path;
    /// Any case; those that belong to a connection of HTTP/1.1 are left out.
    std::vector<HttpHeader> headers;
    std::string body;
};

struct Http2Answer {
    /// 0 until the header of the final answer is there; 1xx answers are passed over.
    int status = 0;
    std::vector<HttpHeader> headers;
    std::vector<HttpHeader> trailers;
    /// At most body_limit bytes.
    std::string body;
    /// More was there.
    bool truncated = false;
};

/// One request on one connection. Push is refused; everything that the peer may make us keep has a
/// limit: 64 KiB of headers and trailers, the body's, and nghttp2's own for control frames.
class Http2Session {
  public:
    Http2Session(Http2Request request, std::uint64_t body_limit);
    Http2Session(const Http2Session&) = delete;
    Http2Session& operator=(const Http2Session&) = delete;
    ~Http2Session();

    /// What is to be written now; "" for nothing.
    [[nodiscard]] std::string take_output();
    /// Takes what was read.
    void feed(std::string_view bytes);
    /// The peer has ended the connection.
    void end();

    /// Whether there is nothing more to come.
    [[nodiscard]] bool is_done() const;
    /// Why it broke off: `protocol`, `header_too_large`, `reset`, `closed`, `truncated`.
    [[nodiscard]] const std::optional<Failure>& failure() const;
    /// Whether the final answer's header has begun to come.
    [[nodiscard]] bool has_answer() const;
    [[nodiscard]] Http2Answer take_answer();

    /// For nghttp2's callbacks.
    struct State;

  private:
    std::unique_ptr<State> state_;
};

}  // namespace pilotlight::runtime

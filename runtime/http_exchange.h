#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/failure.h"
#include "runtime/http_client.h"
#include "runtime/stream.h"

/// Inside of the HTTP client: one request and one answer on one connection. Beast's one home.
namespace pilotlight::runtime {

struct HttpExchange {
    std::optional<Failure> failure;
    int status = 0;
    std::string status_text;
    std::string version;
    std::vector<HttpHeader> headers;
    /// What came after the body (HTTP/2 only).
    std::vector<HttpHeader> trailers;
    std::int64_t content_length = -1;
    /// As it came, at most body_limit bytes.
    std::string body;
    /// More than body_limit was there and has not been read.
    bool truncated = false;
    std::chrono::nanoseconds processing{};
    std::chrono::nanoseconds transfer{};
};

/// Writes `request` (head and body, as they go over the wire) and reads the answer; 1xx answers
/// are passed over. `stream` outlives the call and keeps the deadline. Throws only when cancelled.
[[nodiscard]] boost::asio::awaitable<HttpExchange> exchange(Stream& stream, std::string request,
                                                            bool is_head, std::uint64_t body_limit);

}  // namespace pilotlight::runtime

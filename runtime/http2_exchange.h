#pragma once

#include <boost/asio/awaitable.hpp>

#include "runtime/http2_session.h"
#include "runtime/http_exchange.h"
#include "runtime/stream.h"

namespace pilotlight::runtime {

/// One HTTP/2 request on a connection that is there (agreed on by ALPN, or known beforehand), as
/// exchange() does with HTTP/1.1. `stream` outlives the call and keeps the deadline. Throws only
/// when cancelled.
[[nodiscard]] boost::asio::awaitable<HttpExchange> exchange_http2(Stream& stream,
                                                                  Http2Request request,
                                                                  std::uint64_t body_limit);

}  // namespace pilotlight::runtime

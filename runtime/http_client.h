#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/deadline.h"
#include "runtime/dialer.h"
#include "runtime/failure.h"
#include "runtime/ip_address.h"
#include "runtime/tls.h"

namespace pilotlight::runtime {

class Services;

struct HttpHeader {
    std::string name;
    std::string value;
};

struct HttpRequest {
    std::string method = "GET";
    /// Absolute, http or https. A userinfo becomes Basic authorization.
    std::string url;
    /// Host, User-Agent, Accept-Encoding and Content-Length are set unless they are here.
    std::vector<HttpHeader> headers;
    std::string body;
    /// For every https hop.
    TlsSettings tls;
    /// Sessions that https hops may resume, and where theirs are kept; null for none.
    std::shared_ptr<TlsSessions> sessions{};
    IpPreference ip;
    /// `http://[user:password@]host:port`; https goes through it by CONNECT. "" for none.
    std::string proxy_url;
    /// Whether the host is resolved here although a proxy is used, and the proxy given its address:
    /// of the first hop, as blackbox_exporter does.
    bool resolve_before_proxy = false;
    /// What CONNECT says besides.
    std::vector<std::pair<std::string, Secret>> proxy_headers;
    /// Whether HTTP/2 is offered by ALPN over TLS, and spoken where the server chooses it.
    bool http2 = false;
    /// 0: a redirect is the answer. Headers that look like a login (Authorization, Cookie,
    /// ...-Token, X-Api-Key) do not cross origins.
    int max_redirects = 0;
    /// Bytes kept of the body, decoded; what is beyond is not read, and `truncated` says so.
    std::uint64_t body_limit = 10ULL << 20;
    /// Whether to ask for gzip, deflate or br and to decode what comes.
    bool decompress = true;
};

/// Summed over the redirects, as blackbox_exporter does.
struct HttpTimings {
    std::chrono::nanoseconds resolve{};
    std::chrono::nanoseconds connect{};
    std::chrono::nanoseconds tls{};
    /// From the connection (or the handshake) being ready to the first byte of the answer.
    std::chrono::nanoseconds processing{};
    /// From that first byte to the last.
    std::chrono::nanoseconds transfer{};
};

/// What came of a request. With `failure` set the rest is there as far as it came.
struct HttpResult {
    std::optional<Failure> failure;
    /// 0 where no answer came.
    int status = 0;
    /// The reason phrase.
    std::string status_text;
    std::vector<HttpHeader> headers;
    /// Decoded, at most body_limit bytes.
    std::string body;
    bool truncated = false;
    /// "1.0", "1.1", "2.0"; empty where no answer came.
    std::string version;
    /// As the answer declares it, -1 where it does not.
    std::int64_t content_length = -1;
    int redirects = 0;
    HttpTimings timings;
    /// Without userinfo. It may hold a secret path or query: not for messages.
    std::string final_url;
    /// Of the last hop.
    bool over_tls = false;
    std::optional<TlsInfo> tls;
    std::optional<IpAddress> address;
    std::vector<IpAddress> resolved;
    std::vector<DialAttempt> refusals;

    /// The first value under `name`, any case; "" where there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// One request on a connection of its own, redirects followed. Ends by `deadline`; throws
/// only when cancelled. Limits: 64 KiB of headers, body_limit of body, the decoded body included
/// (no bomb). `services` outlives the call.
[[nodiscard]] boost::asio::awaitable<HttpResult> fetch(Services& services, HttpRequest request,
                                                       Deadline deadline);

}  // namespace pilotlight::runtime

#include "runtime/http_client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/http2_exchange.h"
#include "runtime/http_decode.h"
#include "runtime/http_exchange.h"
#include "runtime/services.h"
#include "runtime/url.h"

namespace asio = boost::asio;

namespace pilotlight::runtime {

namespace {

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
    for (std::size_t at = 0; at + part.size() <= text.size(); ++at) {
        if (equals_ignoring_case(text.substr(at, part.size()), part)) return true;
    }
    return false;
}

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-.^_`|~").contains(c);
    });
}

/// Line breaks would split the request in two.
bool is_field_value(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

/// What may open doors must not reach an origin that it was not written for.
bool looks_like_login(std::string_view name) {
    static constexpr std::array<std::string_view, 6> kParts = {"auth",   "cookie",  "token",
                                                               "secret", "api-key", "apikey"};
    return std::ranges::any_of(
        kParts, [&](std::string_view part) { return contains_ignoring_case(name, part); });
}

const HttpHeader* find_header(const std::vector<HttpHeader>& headers, std::string_view name) {
    const auto found = std::ranges::find_if(
        headers, [&](const HttpHeader& header) { return equals_ignoring_case(header.name, name); });
    return found == headers.end() ? nullptr : &*found;
}

Failure request_failure(std::string_view reason, std::string detail) {
    return {"request", std::string(reason), std::move(detail)};
}

/// A request on its way through redirects: what changes from hop to hop.
class Journey {
  public:
    explicit Journey(HttpRequest request) : request_(std::move(request)) {}

    /// Checks everything that the caller gave; nothing if it is good.
    std::optional<Failure> begin() {
        Result<Url> url = parse_url(request_.url);
        if (!url) return request_failure("bad_url", url.error().message);
        if (!is_token(request_.method)) return request_failure("bad_url", "not a method name");
        for (const HttpHeader& header : request_.headers) {
            if (!is_token(header.name) || !is_field_value(header.value)) {
                return request_failure("bad_url", "header '" + header.name + "' is not valid");
            }
        }
        url_ = std::move(*url);
        take_login();
        take_host_header();
        return read_proxy();
    }

    [[nodiscard]] DialRequest dial_request() const;
    /// The request as HTTP/1.1 writes it.
    [[nodiscard]] std::string text() const;
    [[nodiscard]] Http2Request http2() const;
    /// Goes on to `location`; a failure if that cannot be followed.
    std::optional<Failure> follow(int status, std::string_view location);

    /// Whether the host is to be resolved before the first hop, through a proxy.
    [[nodiscard]] bool resolves_first() const { return proxy_ && request_.resolve_before_proxy; }
    /// The proxy is given this address of the host.
    void pin(const IpAddress& address) { pinned_ = address; }
    [[nodiscard]] const std::optional<IpAddress>& pinned() const { return pinned_; }

    [[nodiscard]] const HttpRequest& request() const { return request_; }
    [[nodiscard]] const Url& url() const { return url_; }
    [[nodiscard]] bool is_head() const { return request_.method == "HEAD"; }

  private:
    void take_login() {
        if (!url_.user || find_header(request_.headers, "Authorization") != nullptr) return;
        const Secret login = basic_authorization(*url_.user, url_.password.value_or(Secret()));
        request_.headers.push_back({"Authorization", login.reveal()});
    }

    /// A Host header of the caller's is also whose certificate is expected, as blackbox_exporter
    /// has it: the target is often an address then.
    void take_host_header() {
        const HttpHeader* host = find_header(request_.headers, "Host");
        if (host == nullptr) return;
        const Result<HostPort> named = parse_host_port(host->value, url_.port);
        if (named && request_.tls.server_name.empty()) tls_name_ = named->host;
    }

    std::optional<Failure> read_proxy() {
        if (request_.proxy_url.empty()) return std::nullopt;
        const Result<Url> proxy = parse_url(request_.proxy_url);
        if (!proxy || proxy->is_tls()) {
            return request_failure("bad_url", "expected a proxy_url that begins with http://");
        }
        for (const auto& [name, value] : request_.proxy_headers) {
            if (!is_token(name) || !is_field_value(value.reveal())) {
                return request_failure("bad_url", "proxy header '" + name + "' is not valid");
            }
        }
        ProxyAddress address{proxy->host, proxy->port, Secret(), request_.proxy_headers};
        if (proxy->user) {
            address.authorization =
                basic_authorization(*proxy->user, proxy->password.value_or(Secret()));
        }
        proxy_ = std::move(address);
        return std::nullopt;
    }

    /// Those given and those that belong to every request.
    [[nodiscard]] std::vector<HttpHeader> fields() const;
    [[nodiscard]] bool is_forwarded() const { return proxy_ && !url_.is_tls(); }

    HttpRequest request_;
    Url url_;
    std::optional<ProxyAddress> proxy_;
    std::string tls_name_;
    std::optional<IpAddress> pinned_;
};

DialRequest Journey::dial_request() const {
    DialRequest dial;
    dial.ip = request_.ip;
    if (is_forwarded()) {
        dial.host = proxy_->host;
        dial.port = proxy_->port;
        return dial;
    }
    dial.host = pinned_ ? pinned_->to_string() : url_.host;
    dial.port = url_.port;
    dial.proxy = proxy_;
    if (url_.is_tls()) {
        dial.tls = request_.tls;
        dial.sessions = request_.sessions;
        if (request_.http2) dial.alpn = {"h2", "http/1.1"};
        const std::string& name = tls_name_.empty() && pinned_ ? url_.host : tls_name_;
        if (!name.empty() && dial.tls->server_name.empty()) dial.tls->server_name = name;
    }
    return dial;
}

std::vector<HttpHeader> Journey::fields() const {
    std::vector<HttpHeader> fields;
    fields.reserve(request_.headers.size() + 6);
    const auto missing = [&](std::string_view name) {
        return find_header(request_.headers, name) == nullptr;
    };
    if (missing("Host")) fields.push_back({"Host", url_.host_header()});
    fields.insert(fields.end(), request_.headers.begin(), request_.headers.end());
    if (missing("User-Agent")) fields.push_back({"User-Agent", "Pilotlight"});
    if (missing("Accept-Encoding")) {
        fields.push_back(
            {"Accept-Encoding", std::string(request_.decompress ? kAcceptedCodings : "identity")});
    }
    if (missing("Connection")) fields.push_back({"Connection", "close"});
    const bool has_body = !request_.body.empty() || request_.method == "POST" ||
                          request_.method == "PUT" || request_.method == "PATCH";
    if (has_body && missing("Content-Length")) {
        fields.push_back({"Content-Length", std::to_string(request_.body.size())});
    }
    if (is_forwarded() && !proxy_->authorization.empty()) {
        fields.push_back({"Proxy-Authorization", proxy_->authorization.reveal()});
    }
    return fields;
}

std::string Journey::text() const {
    std::string text;
    text.reserve(512 + request_.body.size());
    text.append(request_.method).append(" ");
    if (is_forwarded()) {
        Url at_address = url_;
        if (pinned_) at_address.host = pinned_->to_string();
        text.append(at_address.to_string());
    } else {
        text.append(url_.target);
    }
    text.append(" HTTP/1.1\r\n");
    for (const HttpHeader& field : fields())
        text.append(field.name).append(": ").append(field.value).append("\r\n");
    text.append("\r\n").append(request_.body);
    return text;
}

Http2Request Journey::http2() const {
    Http2Request request;
    request.method = request_.method;
    request.scheme = url_.scheme;
    request.path = url_.target;
    request.headers = fields();
    request.authority = find_header(request.headers, "Host")->value;
    request.body = request_.body;
    return request;
}

std::optional<Failure> Journey::follow(int status, std::string_view location) {
    Result<Url> next = resolve_reference(url_, location);
    if (!next) {
        return Failure{"response", "bad_redirect",
                       url_.host_and_port() + " redirects to what is no http or https URL"};
    }
    if (!next->same_origin(url_)) {
        std::erase_if(request_.headers, [](const HttpHeader& header) {
            return looks_like_login(header.name) || equals_ignoring_case(header.name, "Host");
        });
        tls_name_.clear();
        request_.tls.server_name.clear();
    }
    // 307 and 308 keep the method and the body (RFC 9110, 15.4); the others become GET.
    if (status != 307 && status != 308) {
        if (!is_head()) request_.method = "GET";
        request_.body.clear();
        std::erase_if(request_.headers, [](const HttpHeader& header) {
            return equals_ignoring_case(header.name, "Content-Type") ||
                   equals_ignoring_case(header.name, "Content-Length");
        });
    }
    url_ = std::move(*next);
    pinned_.reset();
    return std::nullopt;
}

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// Every text of a failure names the peer: the details below it do not know it.
Failure on_peer(Failure failure, const Url& url) {
    failure.detail = url.host_and_port() + ": " + failure.detail;
    return failure;
}

/// The answer of one hop, decoded, into the result.
void take_answer(HttpExchange answer, bool decompress, std::uint64_t limit, HttpResult& result) {
    result.status = answer.status;
    result.status_text = std::move(answer.status_text);
    result.version = std::move(answer.version);
    result.headers = std::move(answer.headers);
    result.content_length = answer.content_length;
    result.truncated = answer.truncated;
    result.body = std::move(answer.body);
    result.failure = std::move(answer.failure);
    result.timings.processing += answer.processing;
    result.timings.transfer += answer.transfer;
    const std::string_view coding = result.header("Content-Encoding");
    if (!decompress || coding.empty() || result.body.empty()) return;
    const bool complete = !answer.truncated && !result.failure;
    Decoded decoded = decode_body(coding, result.body, limit, complete);
    result.body = std::move(decoded.body);
    result.truncated = result.truncated || decoded.truncated;
    if (decoded.damaged && !result.failure) {
        result.failure = Failure{"body", "bad_encoding", "the body is not of its Content-Encoding"};
    }
}

asio::awaitable<void> one_hop(Services& services, const Journey& journey, Deadline deadline,
                              HttpResult& result) {
    DialRequest request = journey.dial_request();
    DialResult dialled = co_await dial(services, std::move(request), deadline);
    result.timings.resolve += dialled.timings.resolve;
    result.timings.connect += dialled.timings.connect;
    result.timings.tls += dialled.timings.tls;
    result.address = journey.pinned() ? journey.pinned() : dialled.address;
    result.resolved = std::move(dialled.resolved);
    result.refusals = std::move(dialled.refusals);
    result.over_tls = dialled.tls.has_value();
    result.tls = std::move(dialled.tls);
    result.final_url = journey.url().to_string();
    if (dialled.failure) {
        result.failure = std::move(dialled.failure);
        co_return;
    }
    const std::uint64_t limit = journey.request().body_limit;
    HttpExchange answer;
    if (result.tls && result.tls->alpn == "h2") {
        Http2Request sent = journey.http2();
        answer = co_await exchange_http2(*dialled.stream, std::move(sent), limit);
    } else {
        std::string text = journey.text();
        answer = co_await exchange(*dialled.stream, std::move(text), journey.is_head(), limit);
    }
    take_answer(std::move(answer), journey.request().decompress, limit, result);
}

asio::awaitable<void> resolve_first(Services& services, Journey& journey, Deadline deadline,
                                    HttpResult& result) {
    const SteadyTime began = steady_now();
    const std::string host = journey.url().host;
    Attempt<std::vector<IpAddress>> addresses =
        co_await services.resolver().resolve(host, journey.request().ip, deadline);
    result.timings.resolve += steady_now() - began;
    if (!addresses) {
        result.failure = on_peer(std::move(addresses.error()), journey.url());
        co_return;
    }
    result.address = addresses->front();
    journey.pin(addresses->front());
}

/// What belongs to one hop only, before the next.
void forget_answer(HttpResult& result) {
    result.status = 0;
    result.status_text.clear();
    result.version.clear();
    result.headers.clear();
    result.content_length = -1;
    result.truncated = false;
    result.body.clear();
}

}  // namespace

std::string_view HttpResult::header(std::string_view name) const {
    const HttpHeader* found = find_header(headers, name);
    return found == nullptr ? std::string_view() : std::string_view(found->value);
}

asio::awaitable<HttpResult> fetch(Services& services, HttpRequest request, Deadline deadline) {
    HttpResult result;
    Journey journey(std::move(request));
    result.failure = journey.begin();
    if (!result.failure && journey.resolves_first()) {
        co_await resolve_first(services, journey, deadline, result);
    }
    while (!result.failure) {
        co_await one_hop(services, journey, deadline, result);
        if (result.failure) {
            result.failure = on_peer(std::move(*result.failure), journey.url());
            break;
        }
        const std::string location(result.header("Location"));
        const int limit = journey.request().max_redirects;
        if (limit == 0 || !is_redirect(result.status) || location.empty()) break;
        if (result.redirects == limit) {
            result.failure = Failure{"response", "too_many_redirects",
                                     "stopped after " + std::to_string(limit) + " redirects"};
            break;
        }
        result.failure = journey.follow(result.status, location);
        if (result.failure) break;
        ++result.redirects;
        forget_answer(result);
    }
    co_return result;
}

}  // namespace pilotlight::runtime

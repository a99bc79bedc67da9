#include "runtime/http2_exchange.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace asio = boost::asio;

namespace pilotlight::runtime {

namespace {

constexpr std::size_t kChunk = 16 * 1024;

std::int64_t content_length_of(const std::vector<HttpHeader>& headers) {
    const auto found = std::ranges::find(headers, "content-length", &HttpHeader::name);
    std::int64_t length = -1;
    if (found == headers.end()) return length;
    const std::string& text = found->value;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    return error == std::errc() && end == text.data() + text.size() && length >= 0 ? length : -1;
}

void take(Http2Session& session, HttpExchange& out) {
    Http2Answer answer = session.take_answer();
    out.status = answer.status;
    if (answer.status != 0) out.version = "2.0";
    out.content_length = content_length_of(answer.headers);
    out.headers = std::move(answer.headers);
    out.trailers = std::move(answer.trailers);
    out.body = std::move(answer.body);
    out.truncated = answer.truncated;
    if (!out.failure && session.failure()) out.failure = session.failure();
}

/// Reads and answers until the session is done; the moment of the answer's first byte.
asio::awaitable<SteadyTime> converse(Stream& stream, Http2Session& session,
                                     std::optional<Failure>& failure) {
    std::optional<SteadyTime> answered;
    std::vector<char> chunk(kChunk);
    while (!session.is_done()) {
        const std::string output = session.take_output();
        if (!output.empty()) {
            Attempt<void> written = co_await stream.write(output);
            if (!written) {
                failure = std::move(written.error()).in_phase("request");
                break;
            }
        }
        if (session.is_done()) break;
        Attempt<std::size_t> got = co_await stream.read_some(chunk);
        if (!got) {
            failure = std::move(got.error()).in_phase(session.has_answer() ? "body" : "response");
            break;
        }
        if (*got == 0) {
            session.end();
            break;
        }
        session.feed({chunk.data(), *got});
        if (!answered && session.has_answer()) answered = steady_now();
    }
    co_return answered.value_or(steady_now());
}

}  // namespace

asio::awaitable<HttpExchange> exchange_http2(Stream& stream, Http2Request request,
                                             std::uint64_t body_limit) {
    HttpExchange out;
    const SteadyTime began = steady_now();
    Http2Session session(std::move(request), body_limit);
    const SteadyTime answered = co_await converse(stream, session, out.failure);
    out.processing = answered - began;
    out.transfer = steady_now() - answered;
    take(session, out);
    co_return out;
}

}  // namespace pilotlight::runtime

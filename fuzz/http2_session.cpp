// What an HTTP/2 server sends; the first byte says how it is cut into pieces.
#include "runtime/http2_session.h"
#include "core/check.h"

namespace pilotlight::fuzz {

void http2_session(std::string_view input) {
    constexpr std::uint64_t kBodyLimit = 1'000;
    if (input.empty()) return;
    const std::size_t piece = static_cast<std::uint8_t>(input.front()) + std::size_t{1};
    input.remove_prefix(1);
    runtime::Http2Session session({.method = "GET",
                                   .scheme = "https",
                                   .authority = "example.test",
                                   .path = "/",
                                   .headers = {{"Accept", "*/*"}},
                                   .body = ""},
                                  kBodyLimit);
    while (!input.empty() && !session.is_done()) {
        const std::string_view part = input.substr(0, piece);
        input.remove_prefix(part.size());
        session.feed(part);
        (void)session.take_output();
    }
    session.end();
    PILOT_CHECK(session.is_done());
    const runtime::Http2Answer answer = session.take_answer();
    PILOT_CHECK(answer.body.size() <= kBodyLimit);
    PILOT_CHECK(session.failure() || answer.status >= 200);
}

}  // namespace pilotlight::fuzz

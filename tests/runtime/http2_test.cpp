#include <boost/asio/awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>

#include "runtime/http_client.h"
#include "runtime/services.h"
#include "tests/support/certificates.h"
#include "tests/support/run_coroutine_test.h"
#include "tests/support/scripted_server.h"

using namespace pilotlight;
using namespace pilotlight::testing;
using std::chrono::milliseconds;

namespace {

/// A frame as RFC 9113, 4.1 has it.
std::string frame(int type, int flags, int stream, const std::string& payload) {
    std::string text;
    for (const int shift : {16, 8, 0})
        text += static_cast<char>(payload.size() >> shift);
    text += static_cast<char>(type);
    text += static_cast<char>(flags);
    for (const int shift : {24, 16, 8, 0})
        text += static_cast<char>(stream >> shift);
    return text + payload;
}

constexpr int kData = 0;
constexpr int kHeaders = 1;
constexpr int kReset = 3;
constexpr int kSettings = 4;
constexpr int kGoAway = 7;
constexpr int kEndStream = 1;
constexpr int kEndHeaders = 4;

/// A header of HPACK, literal and not indexed.
std::string field(const std::string& name, const std::string& value) {
    return std::string(1, '\0') + static_cast<char>(name.size()) + name +
           static_cast<char>(value.size()) + value;
}

// Indexes of HPACK's static table.
const std::string kStatus200 = "\x88";
const std::string kStatus404 = "\x8d";

Script after_request(std::string answer) {
    // The request's only header that HPACK leaves readable: nghttp2 codes shorter texts.
    return {expect("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            send(frame(kSettings, 0, 0, "") + frame(kSettings, 1, 0, "") + answer), stall()};
}

/// What a client that offers HTTP/2 gets from a server that follows `script`.
runtime::HttpResult fetch_from(const Script& script, runtime::HttpRequest request = {},
                               const std::string& alpn = "h2", bool http2 = true,
                               milliseconds patience = milliseconds(10'000)) {
    const ScriptedServer server({script}, {.identity = make_self_signed(), .alpn = alpn});
    request.url = server.url("/path");
    request.tls.insecure_skip_verify = true;
    request.http2 = http2;
    runtime::HttpResult result;
    run_coroutine_test([&](runtime::Services& services) -> boost::asio::awaitable<void> {
        result = co_await runtime::fetch(services, request, runtime::Deadline::in(patience));
    });
    return result;
}

std::string reason_of(const runtime::HttpResult& result) {
    return result.failure ? result.failure->phase + "/" + result.failure->reason : "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http2)

BOOST_AUTO_TEST_CASE(speaks_http_2_where_the_server_takes_it) {
    const runtime::HttpResult result = fetch_from(
        after_request(frame(kHeaders, kEndHeaders, 1,
                            kStatus200 + field("x-thing", "yes") + field("content-length", "5")) +
                      frame(kData, 0, 1, "he") + frame(kData, kEndStream, 1, "llo")));
    BOOST_TEST(reason_of(result) == "");
    BOOST_TEST(result.status == 200);
    BOOST_TEST(result.version == "2.0");
    BOOST_TEST(result.body == "hello");
    BOOST_TEST(result.content_length == 5);
    BOOST_TEST(result.header("X-Thing") == "yes");
    BOOST_TEST(result.tls->alpn == "h2");
}

BOOST_AUTO_TEST_CASE(speaks_http_1_where_it_does_not_or_must_not) {
    const Script old = http_answer(200, "old");
    BOOST_TEST(fetch_from(old, {}, "http/1.1").version == "1.1");
    BOOST_TEST(fetch_from(old, {}, "").version == "1.1");
    BOOST_TEST(fetch_from(old, {}, "h2", false).version == "1.1");
}

BOOST_AUTO_TEST_CASE(informational_answers_and_trailers_are_no_answer) {
    const runtime::HttpResult result = fetch_from(after_request(
        frame(kHeaders, kEndHeaders, 1, field(":status", "103") + field("link", "early")) +
        frame(kHeaders, kEndHeaders, 1, kStatus404 + field("x", "late")) +
        frame(kData, 0, 1, "gone") +
        frame(kHeaders, kEndHeaders | kEndStream, 1, field("x-trailer", "t"))));
    BOOST_TEST(reason_of(result) == "");
    BOOST_TEST(result.status == 404);
    BOOST_TEST(result.header("link") == "");
    BOOST_TEST(result.header("x") == "late");
    BOOST_TEST(result.header("x-trailer") == "");
    BOOST_TEST(result.body == "gone");
}

BOOST_AUTO_TEST_CASE(a_body_is_kept_up_to_its_limit) {
    runtime::HttpRequest request;
    request.body_limit = 10;
    const runtime::HttpResult result =
        fetch_from(after_request(frame(kHeaders, kEndHeaders, 1, kStatus200) +
                                 frame(kData, 0, 1, std::string(16'000, 'x'))),
                   request);
    BOOST_TEST(reason_of(result) == "");
    BOOST_TEST(result.truncated);
    BOOST_TEST(result.body == std::string(10, 'x'));
}

BOOST_AUTO_TEST_CASE(every_misbehaviour_ends_in_time_with_its_reason) {
    const std::string head = frame(kHeaders, kEndHeaders, 1, kStatus200);
    const std::string reset_stream = frame(kReset, 0, 1, std::string("\0\0\0\2", 4));
    const std::string go_away = frame(kGoAway, 0, 0, std::string(8, '\0'));
    std::string flood;
    for (int i = 0; i < 20; ++i)
        flood += field("x" + std::to_string(i), std::string(120, 'v'));
    std::string endless;
    for (int i = 0; i < 40; ++i)
        endless += frame(kHeaders, kEndHeaders, 1, field(":status", "103") + flood);
    struct Case {
        std::string answer;
        std::string reason;
    };
    const Case cases[] = {
        {"", "response/timeout"},
        {head, "body/timeout"},
        {reset_stream, "response/reset"},
        {head + reset_stream, "body/reset"},
        {go_away, "response/reset"},
        {"HTTP/1.1 400 Bad Request\r\n\r\n", "response/protocol"},
        {frame(kHeaders, kEndHeaders, 1, "\xff\xff\xff\xff\xff\xff"), "response/protocol"},
        {frame(kData, kEndStream, 1, "early"), "response/protocol"},
        {endless, "response/header_too_large"},
    };
    for (const Case& each : cases) {
        const bool silent = each.reason.ends_with("timeout");
        milliseconds patience(silent ? 600 : 10'000);
        runtime::HttpResult result;
        // On a busy machine the handshake alone may take as long.
        do {
            result = fetch_from(after_request(each.answer), {}, "h2", true, patience);
            patience *= 2;
        } while (reason_of(result) == "tls/timeout" && patience < milliseconds(60'000));
        BOOST_TEST(reason_of(result) == each.reason);
    }
    Script hangs_up = after_request(head);
    hangs_up.back() = close();
    BOOST_TEST(reason_of(fetch_from(hangs_up)) == "body/truncated");
    hangs_up = after_request("");
    hangs_up.back() = close();
    BOOST_TEST(reason_of(fetch_from(hangs_up)) == "response/closed");
}

BOOST_AUTO_TEST_SUITE_END()

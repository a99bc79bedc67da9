#include "runtime/http_client.h"

#include <zlib.h>
#include <boost/asio/awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include "tests/support/certificates.h"
#include "tests/support/run_coroutine_test.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temporary_folder.h"

using namespace pilotlight;
using namespace pilotlight::testing;
using runtime::Deadline;
using runtime::HttpRequest;
using runtime::HttpResult;
using runtime::Services;
using std::chrono::milliseconds;

namespace {

HttpResult fetch_now(HttpRequest request, Duration limit = std::chrono::seconds(5)) {
    HttpResult result;
    run_coroutine_test([&](Services& services) -> boost::asio::awaitable<void> {
        result = co_await runtime::fetch(services, request, Deadline::in(limit));
    });
    return result;
}

HttpRequest get(const std::string& url) {
    HttpRequest request;
    request.url = url;
    return request;
}

std::string reason_of(const HttpResult& result) {
    return result.failure ? result.failure->phase + "/" + result.failure->reason : "";
}

std::string deflated(const std::string& text, int window) {
    z_stream stream{};
    ::deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
    std::string out(::deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    ::deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    ::deflateEnd(&stream);
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_client)

BOOST_AUTO_TEST_CASE(reads_an_answer_whole) {
    const ScriptedServer server(
        http_answer(200, "hello", {"X-Thing: yes", "Content-Type: text/a"}));
    const HttpResult result = fetch_now(get(server.url("/path?q=1")));
    BOOST_TEST(reason_of(result) == "");
    BOOST_TEST(result.status == 200);
    BOOST_TEST(result.status_text == "Reason");
    BOOST_TEST(result.version == "1.1");
    BOOST_TEST(result.body == "hello");
    BOOST_TEST(result.content_length == 5);
    BOOST_TEST(result.header("x-thing") == "yes");
    BOOST_TEST(result.address->to_string() == "127.0.0.1");
    BOOST_TEST(
        server.received().starts_with("GET /path?q=1 HTTP/1.1\r\nHost: " + server.address()));
}

BOOST_AUTO_TEST_CASE(sends_method_headers_and_body) {
    const ScriptedServer server({expect("payload"), send(http_text(202, "")), close()});
    HttpRequest request = get(server.url());
    request.method = "POST";
    request.headers = {{"Content-Type", "text/plain"}};
    request.body = "payload";
    BOOST_TEST(fetch_now(request).status == 202);
    BOOST_TEST(server.received().contains("Content-Length: 7\r\n"));
    BOOST_TEST(server.received().contains("Content-Type: text/plain\r\n"));
}

BOOST_AUTO_TEST_CASE(a_userinfo_becomes_basic_authorization) {
    const ScriptedServer server(http_answer(200));
    const HttpResult result =
        fetch_now(get("http://Aladdin:open%20sesame@" + server.address() + "/"));
    BOOST_TEST(server.received().contains("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
    BOOST_TEST(!result.final_url.contains("sesame"));
}

BOOST_AUTO_TEST_CASE(reads_chunks_and_bodies_that_end_with_the_connection) {
    const ScriptedServer chunked({expect("\r\n\r\n"),
                                  send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                       "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
                                  stall()});
    BOOST_TEST(fetch_now(get(chunked.url())).body == "abcde");
    const ScriptedServer until_end(
        {expect("\r\n\r\n"), send("HTTP/1.0 200 OK\r\n\r\nall of it"), half_close()});
    const HttpResult result = fetch_now(get(until_end.url()));
    BOOST_TEST(reason_of(result) == "");
    BOOST_TEST(result.body == "all of it");
    BOOST_TEST(result.version == "1.0");
    BOOST_TEST(result.content_length == -1);
}

BOOST_AUTO_TEST_CASE(an_answer_that_drips_in_is_read_whole) {
    const ScriptedServer server(
        {expect("\r\n\r\n"), drip(http_text(200, "slow"), milliseconds(1))});
    const HttpResult result = fetch_now(get(server.url()));
    BOOST_TEST(result.body == "slow");
    BOOST_TEST(result.timings.transfer.count() > 20'000'000);
}

BOOST_AUTO_TEST_CASE(informational_answers_are_passed_over) {
    const ScriptedServer server(
        {expect("\r\n\r\n"),
         send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + http_text(204, "")), close()});
    const HttpResult result = fetch_now(get(server.url()));
    BOOST_TEST(result.status == 204);
    BOOST_TEST(result.header("Link") == "");
}

BOOST_AUTO_TEST_CASE(head_has_no_body_to_wait_for) {
    const ScriptedServer server(
        {expect("\r\n\r\n"), send("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"), stall()});
    HttpRequest request = get(server.url());
    request.method = "HEAD";
    const HttpResult result = fetch_now(request);
    BOOST_TEST(reason_of(result) == "");
    BOOST_TEST(result.content_length == 99);
}

BOOST_AUTO_TEST_CASE(every_misbehaviour_has_its_reason_in_time) {
    struct Case {
        Script script;
        std::string reason;
    };
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
    const Case cases[] = {
        {{close()}, "response/closed"},
        {{expect("\r\n\r\n"), reset()}, "response/reset"},
        {{stall()}, "response/timeout"},
        {{expect("\r\n\r\n"), send("HTTP/1.1 200"), half_close()}, "response/truncated"},
        {{expect("\r\n\r\n"), send("HTTP/1.1 200"), stall()}, "response/timeout"},
        {{expect("\r\n\r\n"), send(head + "half"), half_close()}, "body/truncated"},
        {{expect("\r\n\r\n"), send(head + "half"), stall()}, "body/timeout"},
        {{expect("\r\n\r\n"), drip(head, milliseconds(100))}, "response/timeout"},
        {{expect("\r\n\r\n"), send("SSH-2.0-OpenSSH_9\r\n"), stall()}, "response/protocol"},
        {{expect("\r\n\r\n"), send("HTTP/1.1 9999 x\r\n\r\n"), stall()}, "response/protocol"},
        {{expect("\r\n\r\n"), send("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), stall()},
         "response/protocol"},
        {{expect("\r\n\r\n"), send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
          stall()},
         "body/protocol"},
        {{expect("\r\n\r\n"),
          send("HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'a') + "\r\n\r\n"), stall()},
         "response/header_too_large"},
    };
    for (const Case& each : cases) {
        const ScriptedServer server(each.script);
        const SteadyTime began = steady_now();
        const HttpResult result = fetch_now(get(server.url()), milliseconds(400));
        BOOST_TEST(reason_of(result) == each.reason);
        BOOST_TEST((steady_now() - began < std::chrono::seconds(2)));
        BOOST_TEST(!result.failure->unknown);
    }
}

BOOST_AUTO_TEST_CASE(a_closed_port_is_refused) {
    const HttpResult result =
        fetch_now(get("http://127.0.0.1:" + std::to_string(refused_port()) + "/"));
    BOOST_TEST(reason_of(result) == "connect/refused");
    BOOST_TEST(result.status == 0);
}

BOOST_AUTO_TEST_CASE(a_deadline_that_has_passed_is_kept) {
    const ScriptedServer server(http_answer(200));
    BOOST_TEST(reason_of(fetch_now(get(server.url()), Duration(-1))).ends_with("/timeout"));
}

BOOST_AUTO_TEST_CASE(a_body_beyond_the_limit_is_cut) {
    const ScriptedServer server(http_answer(200, std::string(100'000, 'x')));
    HttpRequest request = get(server.url());
    request.body_limit = 1'000;
    const HttpResult result = fetch_now(request);
    BOOST_TEST(reason_of(result) == "");
    BOOST_TEST(result.truncated);
    BOOST_TEST(result.body.size() == 1'000U);
    BOOST_TEST(result.content_length == 100'000);
}

BOOST_AUTO_TEST_CASE(a_body_of_exactly_the_limit_is_whole) {
    const ScriptedServer server(http_answer(200, std::string(1'000, 'x')));
    HttpRequest request = get(server.url());
    request.body_limit = 1'000;
    const HttpResult result = fetch_now(request);
    BOOST_TEST(!result.truncated);
    BOOST_TEST(result.body.size() == 1'000U);
}

BOOST_AUTO_TEST_CASE(undoes_content_codings) {
    for (const auto& [coding, window] :
         {std::pair("gzip", 31), std::pair("deflate", 15), std::pair("deflate", -15)}) {
        const ScriptedServer server(http_answer(200, deflated("plain text", window),
                                                {std::string("Content-Encoding: ") + coding}));
        const HttpResult result = fetch_now(get(server.url()));
        BOOST_TEST(reason_of(result) == "");
        BOOST_TEST(result.body == "plain text");
    }
    // `plain text` by brotli at quality 0.
    const std::string brotli("\x8b\x04\x80plain text\x03", 14);
    const ScriptedServer server(http_answer(200, brotli, {"Content-Encoding: br"}));
    BOOST_TEST(fetch_now(get(server.url())).body == "plain text");
}

BOOST_AUTO_TEST_CASE(a_bomb_does_not_go_off) {
    const ScriptedServer server(
        http_answer(200, deflated(std::string(50'000'000, '\0'), 31), {"Content-Encoding: gzip"}));
    HttpRequest request = get(server.url());
    request.body_limit = 1 << 20;
    const HttpResult result = fetch_now(request);
    BOOST_TEST(result.truncated);
    BOOST_TEST(result.body.size() == std::size_t{1 << 20});
}

BOOST_AUTO_TEST_CASE(damaged_codings_are_told) {
    const std::string good = deflated("plain text", 31);
    for (const std::string& body :
         {std::string("no gzip at all"), good.substr(0, good.size() - 10)}) {
        const ScriptedServer server(http_answer(200, body, {"Content-Encoding: gzip"}));
        BOOST_TEST(reason_of(fetch_now(get(server.url()))) == "body/bad_encoding");
    }
    const ScriptedServer server(http_answer(200, "x", {"Content-Encoding: zstd"}));
    BOOST_TEST(reason_of(fetch_now(get(server.url()))) == "body/bad_encoding");
}

BOOST_AUTO_TEST_CASE(follows_redirects_and_sums_up) {
    const ScriptedServer server({http_answer(302, "", {"Location: /next"}),
                                 http_answer(301, "", {"Location: last?x"}),
                                 http_answer(200, "there")});
    HttpRequest request = get(server.url("/first"));
    request.max_redirects = 10;
    const HttpResult result = fetch_now(request);
    BOOST_TEST(result.body == "there");
    BOOST_TEST(result.redirects == 2);
    BOOST_TEST(result.final_url == server.url("/last?x"));
    BOOST_TEST(server.received(1).starts_with("GET /next "));
}

BOOST_AUTO_TEST_CASE(without_leave_a_redirect_is_the_answer) {
    const ScriptedServer server(http_answer(302, "", {"Location: /next"}));
    const HttpResult result = fetch_now(get(server.url()));
    BOOST_TEST(result.status == 302);
    BOOST_TEST(result.redirects == 0);
    BOOST_TEST(server.connections() == 1U);
}

BOOST_AUTO_TEST_CASE(endless_redirects_end) {
    const ScriptedServer server(http_answer(302, "", {"Location: /again"}));
    HttpRequest request = get(server.url());
    request.max_redirects = 10;
    const HttpResult result = fetch_now(request);
    BOOST_TEST(reason_of(result) == "response/too_many_redirects");
    BOOST_TEST(result.redirects == 10);
    BOOST_TEST(server.connections() == 11U);
}

BOOST_AUTO_TEST_CASE(a_redirect_to_nowhere_is_told) {
    const ScriptedServer server(http_answer(302, "", {"Location: gopher://x/secret"}));
    HttpRequest request = get(server.url());
    request.max_redirects = 10;
    const HttpResult result = fetch_now(request);
    BOOST_TEST(reason_of(result) == "response/bad_redirect");
    BOOST_TEST(!result.failure->detail.contains("secret"));
}

BOOST_AUTO_TEST_CASE(logins_do_not_cross_origins) {
    const ScriptedServer other(http_answer(200));
    const ScriptedServer server({http_answer(307, "", {"Location: /same"}),
                                 http_answer(307, "", {"Location: " + other.url()})});
    HttpRequest request = get(server.url());
    request.max_redirects = 5;
    request.headers = {{"Authorization", "Bearer abc"},
                       {"X-Api-Key", "abc"},
                       {"Cookie", "abc"},
                       {"X-Plain", "stays"}};
    BOOST_TEST(fetch_now(request).status == 200);
    BOOST_TEST(server.received(1).contains("Bearer abc"));
    BOOST_TEST(!other.received().contains("abc"));
    BOOST_TEST(other.received().contains("X-Plain: stays"));
}

BOOST_AUTO_TEST_CASE(a_post_becomes_get_on_302_and_stays_on_307) {
    HttpRequest request;
    request.method = "POST";
    request.body = "payload";
    request.max_redirects = 5;
    const ScriptedServer found({http_answer(302, "", {"Location: /n"}), http_answer(200)});
    request.url = found.url();
    fetch_now(request);
    BOOST_TEST(found.received(1).starts_with("GET /n "));
    BOOST_TEST(!found.received(1).contains("payload"));
    const ScriptedServer temporary({{expect("payload"), send(http_text(307, "", {"Location: /n"}))},
                                    {expect("payload"), send(http_text(200, ""))}});
    request.url = temporary.url();
    BOOST_TEST(fetch_now(request).status == 200);
    BOOST_TEST(temporary.received(1).starts_with("POST /n "));
}

BOOST_AUTO_TEST_CASE(bad_requests_are_not_sent) {
    HttpRequest split = get("http://127.0.0.1:1/");
    split.headers = {{"X", "a\r\nY: b"}};
    BOOST_TEST(reason_of(fetch_now(split)) == "request/bad_url");
    HttpRequest method = get("http://127.0.0.1:1/");
    method.method = "GET /x HTTP/1.1\r\n";
    BOOST_TEST(reason_of(fetch_now(method)) == "request/bad_url");
    BOOST_TEST(reason_of(fetch_now(get("nonsense"))) == "request/bad_url");
}

BOOST_AUTO_TEST_CASE(an_answer_before_the_request_is_read_counts) {
    const ScriptedServer server({send(http_text(413, "too much")), close()});
    HttpRequest request = get(server.url());
    request.method = "POST";
    request.body = std::string(1'000'000, 'x');
    const HttpResult result = fetch_now(request);
    BOOST_TEST(result.status == 413);
}

BOOST_AUTO_TEST_CASE(speaks_https_and_tells_the_chain) {
    CertificateAuthority authority;
    const TemporaryFolder folder;
    const ScriptedServer server({http_answer(200, "safe")}, {.identity = authority.issue()});
    HttpRequest request = get(server.url());
    request.tls.ca_file = folder.write("ca.pem", authority.certificate());
    const HttpResult result = fetch_now(request);
    BOOST_TEST(reason_of(result) == "");
    BOOST_TEST(result.body == "safe");
    BOOST_TEST(result.over_tls);
    BOOST_TEST(result.tls->verified);
    BOOST_TEST(result.timings.tls.count() > 0);
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_over_a_chain_that_does_not_verify) {
    const ScriptedServer server({http_answer(200)}, {.identity = make_self_signed()});
    HttpRequest request = get(server.url());
    request.headers = {{"Authorization", "Bearer abc"}};
    const HttpResult result = fetch_now(request);
    BOOST_TEST(reason_of(result) == "tls/certificate_self_signed");
    BOOST_REQUIRE(result.tls.has_value());
    BOOST_TEST(result.tls->earliest_expiry.has_value());
    BOOST_TEST(server.received() == "");
}

BOOST_AUTO_TEST_CASE(a_plain_target_goes_through_the_proxy_in_absolute_form) {
    const ScriptedServer proxy(http_answer(200, "by proxy"));
    HttpRequest request = get("http://app.example/x");
    request.proxy_url = "http://u:p@" + proxy.address();
    const HttpResult result = fetch_now(request);
    BOOST_TEST(result.body == "by proxy");
    BOOST_TEST(proxy.received().starts_with("GET http://app.example/x HTTP/1.1\r\n"));
    BOOST_TEST(proxy.received().contains("Host: app.example\r\n"));
    BOOST_TEST(proxy.received().contains("Proxy-Authorization: Basic dTpw\r\n"));
}

BOOST_AUTO_TEST_CASE(https_goes_through_the_proxy_by_connect) {
    CertificateAuthority authority;
    const TemporaryFolder folder;
    CertificateOptions names;
    names.dns_names = {"app.example"};
    const ScriptedServer proxy(
        {{expect("\r\n\r\n"), send("HTTP/1.1 200 Established\r\n\r\n"), start_tls(),
          expect("\r\n\r\n"), send(http_text(200, "tunnelled"))}},
        {.identity = authority.issue(names), .at_once = false});
    HttpRequest request = get("https://app.example/secret");
    request.proxy_url = "http://" + proxy.address();
    request.tls.ca_file = folder.write("ca.pem", authority.certificate());
    const HttpResult result = fetch_now(request);
    BOOST_TEST(reason_of(result) == "");
    BOOST_TEST(result.body == "tunnelled");
    BOOST_TEST(proxy.received().starts_with("CONNECT app.example:443 HTTP/1.1\r\n"));
}

BOOST_AUTO_TEST_CASE(a_proxy_that_refuses_is_no_fault_of_the_target) {
    const ScriptedServer refuses(http_answer(403));
    HttpRequest request = get("https://app.example/");
    request.proxy_url = "http://" + refuses.address();
    BOOST_TEST(reason_of(fetch_now(request)) == "proxy/proxy_refused");
    const ScriptedServer babbles({expect("\r\n\r\n"), send("hello\r\n\r\n"), stall()});
    request.proxy_url = "http://" + babbles.address();
    BOOST_TEST(reason_of(fetch_now(request)) == "proxy/proxy_protocol");
}

BOOST_AUTO_TEST_SUITE_END()

// The server on a real socket, with clients that send too much, too slowly, or nonsense.
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "exporters/http_server.h"
#include "tests/exporters/echo_server.h"
#include "tests/exporters/raw_client.h"

using namespace pilotlight;
using namespace pilotlight::exporters;
using namespace std::chrono_literals;

namespace {

constexpr HttpLimits kQuick{
    .connections = 4, .body_bytes = 1000, .read = 300ms, .write = 500ms, .keep_alive = 10s};

std::string post(std::string_view path, std::size_t bytes) {
    return "POST " + std::string(path) + " HTTP/1.1\r\nContent-Length: " + std::to_string(bytes) +
           "\r\n\r\n" + std::string(bytes, 'x');
}

constexpr HttpLimits kLarge{.connections = 4,
                            .body_bytes = 1000,
                            .large = {.under = "/api/", .bytes = 3'000'000, .at_once = 1},
                            .read = 5s};

}  // namespace

BOOST_AUTO_TEST_SUITE(http_server_limits)

BOOST_AUTO_TEST_CASE(what_is_no_http_is_refused) {
    const auto server = start_server(echo, kQuick);
    for (const char* nonsense :
         {"\r\n\r\n", "nonsense\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
          "BREW /pot HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01", "GET / HTTP/1.1\r\nno colon"}) {
        RawClient client(server->port());
        client.send(nonsense);
        const std::string answer = client.rest();
        BOOST_TEST_INFO(nonsense);
        BOOST_TEST_INFO(answer);
        BOOST_TEST((answer.empty() || starts_with_status(answer, 400)));
    }
    BOOST_TEST(starts_with_status(ask(server->port(), get_request("/")), 200));
}

BOOST_AUTO_TEST_CASE(large_headers_are_refused) {
    const auto server = start_server(echo, kQuick);
    RawClient long_line(server->port());
    long_line.send(get_request("/", "X: " + std::string(20'000, 'x') + "\r\n"));
    const std::string answer = long_line.rest();
    BOOST_TEST((answer.empty() || starts_with_status(answer, 400)));

    std::string many;
    for (int i = 0; i < 20'000; ++i)
        many += "X-" + std::to_string(i) + ": 1\r\n";
    RawClient flood(server->port());
    flood.send("GET / HTTP/1.1\r\n" + many + "\r\n");
    const std::string refused = flood.rest();
    BOOST_TEST((refused.empty() || starts_with_status(refused, 400)));
}

BOOST_AUTO_TEST_CASE(long_paths_are_answered_or_refused_but_never_fatal) {
    const auto server = start_server();
    const std::string path = "/" + std::string(8000, 'x');
    BOOST_TEST(starts_with_status(ask(server->port(), get_request(path)), 200));
    BOOST_TEST(starts_with_status(
        ask(server->port(), "POST " + path + " HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), 404));
    BOOST_TEST(
        starts_with_status(ask(server->port(), get_request("/" + std::string(9000, 'x'))), 414));
}

BOOST_AUTO_TEST_CASE(a_body_over_the_limit_is_refused) {
    const auto server = start_server(echo, kQuick);
    const std::string answer = ask(
        server->port(), "POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x'));
    BOOST_TEST(starts_with_status(answer, 413));
    BOOST_TEST(body_of(answer).starts_with("{\"status\":\"error\""));
}

BOOST_AUTO_TEST_CASE(large_bodies_are_taken_where_they_are_expected) {
    const auto server = start_server(echo, kLarge);
    BOOST_TEST(body_of(ask(server->port(), post("/api/q", 3'000'000))).size() == 12U + 3'000'000);
    BOOST_TEST(starts_with_status(ask(server->port(), post("/api/q", 3'000'001)), 413));
    BOOST_TEST(starts_with_status(ask(server->port(), post("/other", 1001)), 413));
    const std::string absurd =
        "POST /api/q HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n";
    BOOST_TEST(starts_with_status(ask(server->port(), absurd), 413));
}

BOOST_AUTO_TEST_CASE(a_client_that_sends_all_of_a_refused_body_reads_why) {
    const auto server = start_server(echo, kLarge);
    const std::string answer = ask(server->port(), post("/api/q", 12'000'000));
    BOOST_TEST(starts_with_status(answer, 413));
    BOOST_TEST(body_of(answer).find("too large") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(only_so_many_large_bodies_are_taken_at_a_time) {
    Door door;
    const auto server = start_server(
        [&](const Request& request) {
            if (request.path == "/api/slow") door.wait_until_open();
            return echo(request);
        },
        kLarge);
    RawClient first(server->port());
    first.send(post("/api/slow", 2000));
    door.wait_until_somebody_waits();
    BOOST_TEST(starts_with_status(ask(server->port(), post("/api/q", 2000)), 503));
    BOOST_TEST(starts_with_status(ask(server->port(), post("/api/q", 900)), 200));
    door.open();
    BOOST_TEST(starts_with_status(first.answer(), 200));
    // The place is given back behind the answer.
    std::string answer;
    for (int turn = 0; turn < 1'000 && !starts_with_status(answer, 200); ++turn) {
        std::this_thread::sleep_for(5ms);
        answer = ask(server->port(), post("/api/q", 2000));
    }
    BOOST_TEST(starts_with_status(answer, 200));
}

BOOST_AUTO_TEST_CASE(a_client_cannot_refuse_itself) {
    const auto server = start_server();
    const std::string answer =
        ask(server->port(), get_request("/", "X-Pilotlight-Refusal: nonsense\r\n"));
    BOOST_TEST(starts_with_status(answer, 200));
}

BOOST_AUTO_TEST_CASE(a_body_in_chunks_is_bounded_too) {
    const auto server = start_server(echo, kQuick);
    RawClient client(server->port());
    client.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "4000\r\n" + std::string(0x4000, 'x') + "\r\n";
    bool taken = true;
    for (int i = 0; i < 2000 && taken; ++i)
        taken = client.send(chunk);
    const std::string answer = client.rest();
    BOOST_TEST((answer.empty() || !starts_with_status(answer, 200)));
}

BOOST_AUTO_TEST_CASE(a_body_that_says_it_is_packed_is_not_unpacked) {
    const auto server = start_server();
    const std::string answer = ask(server->port(),
                                   "POST / HTTP/1.1\r\nContent-Encoding: gzip\r\n"
                                   "Content-Length: 3\r\n\r\nraw");
    BOOST_TEST(body_of(answer) == "POST / raw");
}

BOOST_AUTO_TEST_CASE(a_body_where_none_belongs_is_not_read_as_a_request) {
    std::atomic<int> quits = 0;
    const auto server = start_server([&](const Request& request) {
        if (request.path == "/-/quit") ++quits;
        return echo(request);
    });
    const std::string hidden = "POST /-/quit HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
    RawClient client(server->port());
    client.send(get_request("/", "Content-Length: " + std::to_string(hidden.size()) + "\r\n") +
                hidden);
    BOOST_TEST(starts_with_status(client.answer(), 200));
    BOOST_TEST(client.is_closed_within(5s));
    BOOST_TEST(quits == 0);
}

BOOST_AUTO_TEST_CASE(a_client_that_sends_too_slowly_is_cut_off) {
    const auto server = start_server(echo, kQuick);
    RawClient slow(server->port());
    // A byte every 50 ms: each read succeeds in time, the request as a whole does not.
    const std::string request = get_request("/", "X: " + std::string(200, 'x') + "\r\n");
    bool closed = false;
    std::size_t sent = 0;
    while (!closed && sent < request.size()) {
        closed = !slow.send(request.substr(sent++, 1)) || slow.is_closed_within(50ms);
    }
    BOOST_TEST(closed);
    BOOST_TEST(sent < 50U);
}

BOOST_AUTO_TEST_CASE(slow_clients_hold_up_nobody_else) {
    const auto server = start_server(echo, {.connections = 8, .read = 10s});
    std::vector<std::unique_ptr<RawClient>> slow;
    for (int i = 0; i < 7; ++i) {
        slow.push_back(std::make_unique<RawClient>(server->port()));
        slow.back()->send("GET / HTTP/1.1\r\nX: ");
    }
    BOOST_TEST(starts_with_status(ask(server->port(), get_request("/")), 200));
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_read_is_cut_off) {
    const auto large = make_body(std::string(64'000'000, 'x'));
    const auto server = start_server(
        [&](const Request& request) {
            if (request.path != "/large") return echo(request);
            return Response{
                .status = 200, .content_type = "text/plain", .body = large, .headers = {}};
        },
        {.connections = 1, .write = 300ms});
    RawClient stubborn(server->port());
    stubborn.send(get_request("/large"));
    // There is one thread, so that an answer means that it was freed.
    BOOST_TEST(starts_with_status(ask(server->port(), get_request("/")), 200));
}

BOOST_AUTO_TEST_CASE(idle_connections_make_room_for_new_ones) {
    const auto server = start_server(echo, {.connections = 2, .keep_alive = 60s});
    RawClient first(server->port());
    RawClient second(server->port());
    for (RawClient* client : {&first, &second}) {
        client->send(get_request("/"));
        BOOST_TEST(starts_with_status(client->answer(), 200));
    }
    BOOST_TEST(starts_with_status(ask(server->port(), get_request("/")), 200));
    BOOST_TEST((first.is_closed_within(1s) || second.is_closed_within(1s)));
}

BOOST_AUTO_TEST_CASE(idle_connections_are_closed_after_a_while) {
    const auto server = start_server(echo, {.keep_alive = 100ms});
    RawClient silent(server->port());
    BOOST_TEST(silent.is_closed_within(5s));
}

BOOST_AUTO_TEST_SUITE_END()

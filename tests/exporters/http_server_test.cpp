// The server on a real socket, with clients that behave and clients that do not.
#include "exporters/http_server.h"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/exporters/raw_client.h"

using namespace pilotlight;
using namespace pilotlight::exporters;
using namespace std::chrono_literals;

namespace {

constexpr HttpLimits kQuick{
    .connections = 4, .body_bytes = 1000, .read = 300ms, .write = 500ms, .keep_alive = 10s};

/// Answers with what it understood of the request.
Response echo(const Request& request) {
    if (request.path == "/throws") throw std::runtime_error("on purpose");
    std::string text = request.method + ' ' + request.path + ' ' + request.body;
    for (const auto& [name, value] : request.parameters)
        text += ' ' + name + '=' + value;
    return text_response(200, std::move(text));
}

std::unique_ptr<HttpServer> start(HttpServer::Handler handler = echo, HttpLimits limits = {}) {
    auto server = HttpServer::start("127.0.0.1", 0, std::move(handler), limits);
    BOOST_REQUIRE(server.has_value());
    return std::move(*server);
}

bool starts_with_status(const std::string& answer, int status) {
    return answer.starts_with("HTTP/1.1 " + std::to_string(status) + ' ');
}

/// A door that a handler waits at until the test opens it.
class Door {
  public:
    void wait_until_open() {
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        changed_.wait_for(lock, 10s, [this] { return open_; });
    }
    void wait_until_somebody_waits() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 10s, [this] { return waiting_ > 0; });
    }
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int waiting_ = 0;
    bool open_ = false;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(http_server)

BOOST_AUTO_TEST_CASE(answers_on_the_port_that_it_reports) {
    const auto server = start();
    BOOST_TEST(server->port() > 0);
    const std::string answer = ask(server->port(), get_request("/a%20b?x=1&y=%26"));
    BOOST_TEST(starts_with_status(answer, 200));
    BOOST_TEST(body_of(answer) == "GET /a b  x=1 y=&");
}

BOOST_AUTO_TEST_CASE(says_why_it_cannot_listen) {
    const auto server = start();
    const auto second = HttpServer::start("127.0.0.1", server->port(), echo);
    BOOST_REQUIRE(!second.has_value());
    BOOST_TEST(second.error().message ==
               "cannot listen on 127.0.0.1:" + std::to_string(server->port()) +
                   ": Address already in use");
    BOOST_TEST(!HttpServer::start("256.0.0.1", 0, echo).has_value());
}

BOOST_AUTO_TEST_CASE(keeps_a_connection_for_further_requests) {
    const auto server = start();
    RawClient client(server->port());
    for (int i = 0; i < 50; ++i) {
        client.send(get_request("/" + std::to_string(i)));
        BOOST_TEST(body_of(client.answer()) == "GET /" + std::to_string(i) + ' ');
    }
}

BOOST_AUTO_TEST_CASE(answers_requests_that_are_sent_ahead) {
    const auto server = start();
    RawClient client(server->port());
    client.send(get_request("/1") + get_request("/2") + get_request("/3"));
    for (const char* body : {"GET /1 ", "GET /2 ", "GET /3 "}) {
        BOOST_TEST(body_of(client.answer()) == body);
    }
}

BOOST_AUTO_TEST_CASE(closes_when_the_client_wants_it) {
    const auto server = start();
    RawClient client(server->port());
    client.send(get_request("/", "Connection: close\r\n"));
    BOOST_TEST(starts_with_status(client.rest(), 200));
}

BOOST_AUTO_TEST_CASE(a_head_request_gets_the_length_without_the_body) {
    const auto server = start();
    RawClient client(server->port());
    client.send("HEAD /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const std::string answer = client.rest();
    BOOST_TEST(answer.find("Content-Length: 7\r\n") != std::string::npos);
    BOOST_TEST(body_of(answer) == "");
}

BOOST_AUTO_TEST_CASE(reads_parameters_in_order_and_whole) {
    const auto server = start();
    const auto asked = [&](std::string_view query) {
        return body_of(ask(server->port(), "GET /p?" + std::string(query) + " HTTP/1.1\r\n\r\n"));
    };
    BOOST_TEST(asked(R"(query=up{job="x",a!="y"}&time=1)") ==
               R"(GET /p  query=up{job="x",a!="y"} time=1)");
    BOOST_TEST(asked("target=http://h/a=b&module=m") == "GET /p  target=http://h/a=b module=m");
    BOOST_TEST(asked("b=1+2&a=%3d%26&b=3&&c&=") == "GET /p  b=1 2 a==& b=3 c= =");
    BOOST_TEST(asked("") == "GET /p ");
}

BOOST_AUTO_TEST_CASE(a_query_may_hold_question_marks_and_be_long) {
    const auto server = start();
    const auto asked = [&](const std::string& target) {
        RawClient client(server->port());
        // A second request tells whether the first one was taken apart rightly.
        client.send("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n" + get_request("/next?a=?"));
        std::string first = body_of(client.answer());
        BOOST_TEST(body_of(client.answer()) == "GET /next  a=?");
        return first;
    };
    BOOST_TEST(asked("/p?query=a?b") == "GET /p  query=a?b");
    BOOST_TEST(asked("/p??") == "GET /p  ?=");
    BOOST_TEST(asked("/p?") == "GET /p ");
    BOOST_TEST(asked("/p?a=1?b=2&c=%3F") == "GET /p  a=1?b=2 c=?");
    const std::string long_value(100'000, 'x');
    BOOST_TEST((asked("/p?a=" + long_value) == "GET /p  a=" + long_value));
}

BOOST_AUTO_TEST_CASE(a_query_over_the_limit_is_refused_with_its_reason) {
    const auto server = start();
    const std::string answer =
        ask(server->port(), get_request("/p?a=" + std::string(150'000, 'x')));
    BOOST_TEST(starts_with_status(answer, 414));
    BOOST_TEST(body_of(answer).find("expected a form") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(takes_bodies_and_forms) {
    const auto server = start();
    BOOST_TEST(body_of(ask(server->port(), "POST /p HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody")) ==
               "POST /p body");
    BOOST_TEST(body_of(ask(server->port(),
                           "POST /p HTTP/1.1\r\nContent-Length: 9\r\n"
                           "Content-Type: application/x-www-form-urlencoded\r\n\r\nquery=u%70")) ==
               "POST /p query=u%7 query=u%7");
}

BOOST_AUTO_TEST_CASE(a_form_may_be_as_long_as_any_body) {
    const auto server = start();
    const std::string form = "query=" + std::string(500'000, 'x');
    const std::string request =
        "POST /p HTTP/1.1\r\nContent-Length: " + std::to_string(form.size()) +
        "\r\nContent-Type: application/x-www-form-urlencoded; "
        "charset=utf-8\r\n\r\n" +
        form;
    BOOST_TEST(body_of(ask(server->port(), request)).size() == 9 + 2 * form.size());
}

BOOST_AUTO_TEST_CASE(a_forms_fields_come_before_those_of_the_address) {
    const auto server = start([](const Request& request) {
        return text_response(200, std::string(request.parameter("a")) + " " +
                                      std::string(request.header("content-type")));
    });
    BOOST_TEST(body_of(ask(server->port(),
                           "POST /p?a=address HTTP/1.1\r\nContent-Length: 6\r\n"
                           "X-Pilotlight-Content-Type: text/evil\r\n"
                           "Content-Type: application/x-www-form-urlencoded\r\n\r\na=form")) ==
               "form application/x-www-form-urlencoded");
    BOOST_TEST(body_of(ask(server->port(),
                           "POST /p?a=address HTTP/1.1\r\nContent-Length: 6\r\n"
                           "X-Pilotlight-Content-Type: application/x-www-form-urlencoded\r\n"
                           "\r\na=form")) == "address ");
}

BOOST_AUTO_TEST_CASE(an_answer_that_takes_longer_to_make_than_to_take_is_sent) {
    Door door;
    const auto server = start(
        [&](const Request& request) {
            door.wait_until_open();
            return echo(request);
        },
        {.read = 50ms, .write = 50ms});
    RawClient client(server->port());
    client.send(get_request("/slow"));
    door.wait_until_somebody_waits();
    // Until both limits are over.
    BOOST_TEST(!client.is_closed_within(150ms));
    door.open();
    BOOST_TEST(body_of(client.rest()) == "GET /slow ");
}

BOOST_AUTO_TEST_CASE(a_post_without_length_has_no_body) {
    const auto server = start();
    RawClient client(server->port());
    for (int i = 0; i < 2; ++i) {
        client.send("POST /-/reload HTTP/1.1\r\nHost: localhost\r\n\r\n");
        const std::string answer = client.answer();
        BOOST_TEST(starts_with_status(answer, 200));
        BOOST_TEST(body_of(answer) == "POST /-/reload ");
    }
}

BOOST_AUTO_TEST_CASE(a_post_without_a_length_has_no_body) {
    const auto server = start();
    RawClient client(server->port());
    client.send("POST /-/reload HTTP/1.1\r\nHost: localhost\r\n\r\n");
    BOOST_TEST(body_of(client.answer()) == "POST /-/reload ");
    client.send(get_request("/next"));
    BOOST_TEST(body_of(client.answer()) == "GET /next ");
}

BOOST_AUTO_TEST_CASE(serves_many_clients_at_a_time) {
    const auto server = start();
    std::atomic<int> right = 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < 16; ++i) {
        clients.emplace_back([&, i] {
            RawClient client(server->port());
            for (int round = 0; round < 40; ++round) {
                const std::string path = "/" + std::to_string(i * 1000 + round);
                client.send(get_request(path));
                if (body_of(client.answer()) == "GET " + path + ' ') ++right;
            }
        });
    }
    for (std::thread& client : clients)
        client.join();
    BOOST_TEST(right == 16 * 40);
}

BOOST_AUTO_TEST_CASE(sends_a_body_of_many_pieces_whole) {
    const auto text = std::make_shared<const std::string>([] {
        std::string made(8'000'000, 'x');
        for (std::size_t i = 0; i < made.size(); i += 7)
            made[i] = static_cast<char>('a' + i % 26);
        return made;
    }());
    std::vector<std::string_view> pieces;
    for (std::size_t at = 0; at < text->size(); at += 30'011) {
        pieces.push_back(std::string_view(*text).substr(at, 30'011));
    }
    const auto body = std::make_shared<const Body>(pieces, text);
    const auto server = start([&](const Request&) {
        return Response{.status = 200, .content_type = "text/plain", .body = body, .headers = {}};
    });
    BOOST_TEST((body_of(ask(server->port(), get_request("/"))) == *text));
    BOOST_TEST(
        (body_of(ask(server->port(), get_request("/", "Range: bytes=0-,0-,0-,0-\r\n"))) == *text));
}

BOOST_AUTO_TEST_CASE(an_exception_is_a_500_and_no_more) {
    const auto server = start();
    RawClient client(server->port());
    client.send(get_request("/throws"));
    const std::string answer = client.answer();
    BOOST_TEST(starts_with_status(answer, 500));
    BOOST_TEST(answer.find("on purpose") == std::string::npos);
    client.send(get_request("/on"));
    BOOST_TEST(body_of(client.answer()) == "GET /on ");
}

BOOST_AUTO_TEST_CASE(what_is_no_http_is_refused) {
    const auto server = start(echo, kQuick);
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
    const auto server = start(echo, kQuick);
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
    const auto server = start();
    const std::string path = "/" + std::string(8000, 'x');
    BOOST_TEST(starts_with_status(ask(server->port(), get_request(path)), 200));
    BOOST_TEST(starts_with_status(
        ask(server->port(), "POST " + path + " HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), 404));
    BOOST_TEST(
        starts_with_status(ask(server->port(), get_request("/" + std::string(9000, 'x'))), 414));
}

BOOST_AUTO_TEST_CASE(a_body_over_the_limit_is_refused) {
    const auto server = start(echo, kQuick);
    const std::string answer = ask(
        server->port(), "POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x'));
    BOOST_TEST(starts_with_status(answer, 413));
    BOOST_TEST(body_of(answer).starts_with("{\"status\":\"error\""));
}

std::string post(std::string_view path, std::size_t bytes) {
    return "POST " + std::string(path) + " HTTP/1.1\r\nContent-Length: " + std::to_string(bytes) +
           "\r\n\r\n" + std::string(bytes, 'x');
}

constexpr HttpLimits kLarge{.connections = 4,
                            .body_bytes = 1000,
                            .large = {.under = "/api/", .bytes = 3'000'000, .at_once = 1},
                            .read = 5s};

BOOST_AUTO_TEST_CASE(large_bodies_are_taken_where_they_are_expected) {
    const auto server = start(echo, kLarge);
    BOOST_TEST(body_of(ask(server->port(), post("/api/q", 3'000'000))).size() == 12U + 3'000'000);
    BOOST_TEST(starts_with_status(ask(server->port(), post("/api/q", 3'000'001)), 413));
    BOOST_TEST(starts_with_status(ask(server->port(), post("/other", 1001)), 413));
    const std::string absurd =
        "POST /api/q HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n";
    BOOST_TEST(starts_with_status(ask(server->port(), absurd), 413));
}

BOOST_AUTO_TEST_CASE(a_client_that_sends_all_of_a_refused_body_reads_why) {
    const auto server = start(echo, kLarge);
    const std::string answer = ask(server->port(), post("/api/q", 12'000'000));
    BOOST_TEST(starts_with_status(answer, 413));
    BOOST_TEST(body_of(answer).find("too large") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(only_so_many_large_bodies_are_taken_at_a_time) {
    Door door;
    const auto server = start(
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
    BOOST_TEST(starts_with_status(ask(server->port(), post("/api/q", 2000)), 200));
}

BOOST_AUTO_TEST_CASE(a_client_cannot_refuse_itself) {
    const auto server = start();
    const std::string answer =
        ask(server->port(), get_request("/", "X-Pilotlight-Refusal: nonsense\r\n"));
    BOOST_TEST(starts_with_status(answer, 200));
}

BOOST_AUTO_TEST_CASE(a_body_in_chunks_is_bounded_too) {
    const auto server = start(echo, kQuick);
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
    const auto server = start();
    const std::string answer = ask(server->port(),
                                   "POST / HTTP/1.1\r\nContent-Encoding: gzip\r\n"
                                   "Content-Length: 3\r\n\r\nraw");
    BOOST_TEST(body_of(answer) == "POST / raw");
}

BOOST_AUTO_TEST_CASE(a_body_where_none_belongs_is_not_read_as_a_request) {
    std::atomic<int> quits = 0;
    const auto server = start([&](const Request& request) {
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
    const auto server = start(echo, kQuick);
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
    const auto server = start(echo, {.connections = 8, .read = 10s});
    std::vector<std::unique_ptr<RawClient>> slow;
    for (int i = 0; i < 7; ++i) {
        slow.push_back(std::make_unique<RawClient>(server->port()));
        slow.back()->send("GET / HTTP/1.1\r\nX: ");
    }
    BOOST_TEST(starts_with_status(ask(server->port(), get_request("/")), 200));
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_read_is_cut_off) {
    const auto large = make_body(std::string(64'000'000, 'x'));
    const auto server = start(
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
    const auto server = start(echo, {.connections = 2, .keep_alive = 60s});
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
    const auto server = start(echo, {.keep_alive = 100ms});
    RawClient silent(server->port());
    BOOST_TEST(silent.is_closed_within(5s));
}

BOOST_AUTO_TEST_CASE(stopping_lets_an_answer_under_way_be_finished) {
    Door door;
    const auto server = start([&](const Request& request) {
        door.wait_until_open();
        return echo(request);
    });
    RawClient client(server->port());
    client.send(get_request("/last"));
    door.wait_until_somebody_waits();
    std::thread stopping([&] { server->stop(); });
    door.open();
    const std::string answer = client.rest();
    stopping.join();
    BOOST_TEST(body_of(answer) == "GET /last ");
}

BOOST_AUTO_TEST_CASE(stopping_closes_idle_connections_and_the_port) {
    const auto server = start(echo, {.keep_alive = 60s});
    RawClient idle(server->port());
    idle.send(get_request("/"));
    BOOST_TEST(starts_with_status(idle.answer(), 200));
    const auto begin = std::chrono::steady_clock::now();
    server->stop();
    server->stop();
    BOOST_TEST((std::chrono::steady_clock::now() - begin < 5s));
    BOOST_TEST(idle.is_closed_within(5s));
    BOOST_CHECK_THROW(RawClient(server->port()), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(stopping_at_once_after_the_start_works) {
    for (int i = 0; i < 20; ++i)
        start()->stop();
}

BOOST_AUTO_TEST_SUITE_END()

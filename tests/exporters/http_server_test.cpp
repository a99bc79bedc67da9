// The server on a real socket, with clients that behave.
#include "exporters/http_server.h"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/exporters/echo_server.h"
#include "tests/exporters/raw_client.h"

using namespace pilotlight;
using namespace pilotlight::exporters;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(http_server)

BOOST_AUTO_TEST_CASE(answers_on_the_port_that_it_reports) {
    const auto server = start_server();
    BOOST_TEST(server->port() > 0);
    const std::string answer = ask(server->port(), get_request("/a%20b?x=1&y=%26"));
    BOOST_TEST(starts_with_status(answer, 200));
    BOOST_TEST(body_of(answer) == "GET /a b  x=1 y=&");
}

BOOST_AUTO_TEST_CASE(says_why_it_cannot_listen) {
    const auto server = start_server();
    const auto second = HttpServer::start("127.0.0.1", server->port(), echo);
    BOOST_REQUIRE(!second.has_value());
    BOOST_TEST(second.error().message ==
               "cannot listen on 127.0.0.1:" + std::to_string(server->port()) +
                   ": Address already in use");
    BOOST_TEST(!HttpServer::start("256.0.0.1", 0, echo).has_value());
}

BOOST_AUTO_TEST_CASE(keeps_a_connection_for_further_requests) {
    const auto server = start_server();
    RawClient client(server->port());
    for (int i = 0; i < 50; ++i) {
        client.send(get_request("/" + std::to_string(i)));
        BOOST_TEST(body_of(client.answer()) == "GET /" + std::to_string(i) + ' ');
    }
}

BOOST_AUTO_TEST_CASE(answers_requests_that_are_sent_ahead) {
    const auto server = start_server();
    RawClient client(server->port());
    client.send(get_request("/1") + get_request("/2") + get_request("/3"));
    for (const char* body : {"GET /1 ", "GET /2 ", "GET /3 "}) {
        BOOST_TEST(body_of(client.answer()) == body);
    }
}

BOOST_AUTO_TEST_CASE(closes_when_the_client_wants_it) {
    const auto server = start_server();
    RawClient client(server->port());
    client.send(get_request("/", "Connection: close\r\n"));
    BOOST_TEST(starts_with_status(client.rest(), 200));
}

BOOST_AUTO_TEST_CASE(a_head_request_gets_the_length_without_the_body) {
    const auto server = start_server();
    RawClient client(server->port());
    client.send("HEAD /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const std::string answer = client.rest();
    BOOST_TEST(answer.find("Content-Length: 7\r\n") != std::string::npos);
    BOOST_TEST(body_of(answer) == "");
}

BOOST_AUTO_TEST_CASE(reads_parameters_in_order_and_whole) {
    const auto server = start_server();
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
    const auto server = start_server();
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
    const auto server = start_server();
    const std::string answer =
        ask(server->port(), get_request("/p?a=" + std::string(150'000, 'x')));
    BOOST_TEST(starts_with_status(answer, 414));
    BOOST_TEST(body_of(answer).find("expected a form") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(takes_bodies_and_forms) {
    const auto server = start_server();
    BOOST_TEST(body_of(ask(server->port(), "POST /p HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody")) ==
               "POST /p body");
    BOOST_TEST(body_of(ask(server->port(),
                           "POST /p HTTP/1.1\r\nContent-Length: 9\r\n"
                           "Content-Type: application/x-www-form-urlencoded\r\n\r\nquery=u%70")) ==
               "POST /p query=u%7 query=u%7");
}

BOOST_AUTO_TEST_CASE(a_form_may_be_as_long_as_any_body) {
    const auto server = start_server();
    const std::string form = "query=" + std::string(500'000, 'x');
    const std::string request =
        "POST /p HTTP/1.1\r\nContent-Length: " + std::to_string(form.size()) +
        "\r\nContent-Type: application/x-www-form-urlencoded; "
        "charset=utf-8\r\n\r\n" +
        form;
    BOOST_TEST(body_of(ask(server->port(), request)).size() == 9 + 2 * form.size());
}

BOOST_AUTO_TEST_CASE(a_forms_fields_come_before_those_of_the_address) {
    const auto server = start_server([](const Request& request) {
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

BOOST_AUTO_TEST_CASE(the_addresss_own_parameters_can_be_told_from_a_forms) {
    const auto server = start_server([](const Request& request) {
        return text_response(200, fmt::format("{}|{}|{}", request.query_parameter("a"),
                                              request.query_parameter("b"), request.body));
    });
    BOOST_TEST(body_of(ask(server->port(),
                           "POST /p?a=address HTTP/1.1\r\nContent-Length: 10\r\n"
                           "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
                           "a=form&b=2")) == "address||a=form&b=2");
}

BOOST_AUTO_TEST_CASE(an_answer_that_takes_longer_to_make_than_to_take_is_sent) {
    Door door;
    const auto server = start_server(
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
    const auto server = start_server();
    RawClient client(server->port());
    for (int i = 0; i < 2; ++i) {
        client.send("POST /-/reload HTTP/1.1\r\nHost: localhost\r\n\r\n");
        const std::string answer = client.answer();
        BOOST_TEST(starts_with_status(answer, 200));
        BOOST_TEST(body_of(answer) == "POST /-/reload ");
    }
}

BOOST_AUTO_TEST_CASE(a_post_without_a_length_has_no_body) {
    const auto server = start_server();
    RawClient client(server->port());
    client.send("POST /-/reload HTTP/1.1\r\nHost: localhost\r\n\r\n");
    BOOST_TEST(body_of(client.answer()) == "POST /-/reload ");
    client.send(get_request("/next"));
    BOOST_TEST(body_of(client.answer()) == "GET /next ");
}

BOOST_AUTO_TEST_CASE(serves_many_clients_at_a_time) {
    const auto server = start_server();
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
    const auto server = start_server([&](const Request&) {
        return Response{.status = 200, .content_type = "text/plain", .body = body, .headers = {}};
    });
    BOOST_TEST((body_of(ask(server->port(), get_request("/"))) == *text));
    BOOST_TEST(
        (body_of(ask(server->port(), get_request("/", "Range: bytes=0-,0-,0-,0-\r\n"))) == *text));
}

BOOST_AUTO_TEST_CASE(an_exception_is_a_500_and_no_more) {
    const auto server = start_server();
    RawClient client(server->port());
    client.send(get_request("/throws"));
    const std::string answer = client.answer();
    BOOST_TEST(starts_with_status(answer, 500));
    BOOST_TEST(answer.find("on purpose") == std::string::npos);
    client.send(get_request("/on"));
    BOOST_TEST(body_of(client.answer()) == "GET /on ");
}

BOOST_AUTO_TEST_CASE(stopping_lets_an_answer_under_way_be_finished) {
    Door door;
    const auto server = start_server([&](const Request& request) {
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
    const auto server = start_server(echo, {.keep_alive = 60s});
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
        start_server()->stop();
}

BOOST_AUTO_TEST_SUITE_END()

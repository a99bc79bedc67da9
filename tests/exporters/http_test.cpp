#include "exporters/http.h"

#include <boost/test/unit_test.hpp>

#include "exporters/gzip.h"
#include "tests/exporters/made_up.h"

using namespace pilotlight::exporters;
using made_up::get;
using made_up::header_of;

BOOST_AUTO_TEST_SUITE(http)

BOOST_AUTO_TEST_CASE(headers_are_found_in_any_case_of_letters) {
    const Request request = get("/", {{"X-First", "1"}, {"x-first", "2"}, {"Empty", ""}});
    BOOST_TEST(request.header("X-FIRST") == "1");
    BOOST_TEST(request.header("absent") == "");
    BOOST_TEST(request.has_header("empty"));
    BOOST_TEST(!request.has_header("absent"));
}

BOOST_AUTO_TEST_CASE(a_body_of_pieces_reads_as_one) {
    const auto text = std::make_shared<const std::string>("abcdef");
    const std::string_view all = *text;
    const Body body({all.substr(0, 2), all.substr(2, 3), all.substr(5)}, text);
    BOOST_TEST(body.size() == 6U);
    BOOST_TEST(body.text() == "abcdef");
    BOOST_TEST(body.from(0) == "ab");
    BOOST_TEST(body.from(3) == "de");
    BOOST_TEST(body.from(5) == "f");
    BOOST_TEST(body.from(6) == "");
    BOOST_TEST(body.from(600) == "");
    BOOST_TEST(Body({}, nullptr).from(0) == "");
}

BOOST_AUTO_TEST_CASE(errors_are_prometheus_s_and_survive_any_text) {
    const Response response = error_response(400, "bad_data", "not \"valid\": \xFF\n");
    BOOST_TEST(response.status == 400);
    BOOST_TEST(response.content_type == "application/json");
    BOOST_TEST(response.text() ==
               "{\"status\":\"error\",\"errorType\":\"bad_data\","
               "\"error\":\"not \\\"valid\\\": \xEF\xBF\xBD\\n\"}");
}

BOOST_AUTO_TEST_CASE(what_the_client_has_already_is_not_sent_again) {
    const std::string tag = header_of(with_etag(get("/"), text_response(200, "x")), "ETag");
    BOOST_TEST(tag.starts_with("W/\""));
    for (const std::string& known : {tag, tag.substr(2), "\"other\", " + tag, std::string("*")}) {
        const Response again =
            with_etag(get("/", {{"If-None-Match", known}}), text_response(200, "x"));
        BOOST_TEST_INFO(known);
        BOOST_TEST(again.status == 304);
        BOOST_TEST(again.size() == 0U);
    }
}

BOOST_AUTO_TEST_CASE(what_changed_is_sent) {
    const std::string tag = header_of(with_etag(get("/"), text_response(200, "x")), "ETag");
    const Request request = get("/", {{"If-None-Match", tag}});
    BOOST_TEST(with_etag(request, text_response(200, "y")).text() == "y");
    BOOST_TEST(
        with_etag(get("/", {{"If-None-Match", "\"nonsense"}}), text_response(200, "x")).status ==
        200);
    BOOST_TEST(header_of(with_etag(request, text_response(500, "x")), "ETag") == "");
}

BOOST_AUTO_TEST_CASE(compresses_what_is_large_for_who_wants_it) {
    const std::string large(5000, 'a');
    const Request wants = get("/", {{"Accept-Encoding", "gzip"}});
    const Response compressed = with_gzip(wants, text_response(200, large));
    BOOST_TEST(header_of(compressed, "Content-Encoding") == "gzip");
    BOOST_TEST(compressed.size() < 100U);
    BOOST_TEST(compressed.text().starts_with("\x1f\x8b"));
    BOOST_TEST(header_of(with_gzip(wants, text_response(200, "small")), "Content-Encoding") == "");
    const Response plain = with_gzip(get("/"), text_response(200, large));
    BOOST_TEST(plain.text() == large);
    BOOST_TEST(header_of(plain, "Vary") == "Accept-Encoding");
}

BOOST_AUTO_TEST_SUITE_END()

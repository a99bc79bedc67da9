#include "exporters/request_line.h"

#include <boost/test/unit_test.hpp>

using pilotlight::exporters::RequestLine;

namespace {

/// What is left of the text when it passes in pieces of so many bytes.
std::string passed(RequestLine& line, std::string_view text, std::size_t piece) {
    std::string shown;
    std::string room(piece, '\0');
    for (std::size_t at = 0; at < text.size(); at += piece) {
        const std::size_t count = line.pass(text.substr(at, piece), room.data());
        shown += room.substr(0, count);
    }
    return shown;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(request_line)

BOOST_AUTO_TEST_CASE(takes_the_query_out_however_the_bytes_come) {
    const std::string_view text = "GET /p?a=b?c#d HTTP/1.1\r\nX: what?\r\n\r\nbody?";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        RequestLine line(100);
        BOOST_TEST(passed(line, text, piece) == "GET /p HTTP/1.1\r\nX: what?\r\n\r\nbody?");
        BOOST_TEST(line.has_query());
        BOOST_TEST(line.query() == "a=b?c#d");
        BOOST_TEST(!line.is_too_long());
    }
}

BOOST_AUTO_TEST_CASE(what_has_no_query_passes_as_it_is) {
    for (const std::string_view text :
         {"GET / HTTP/1.1\r\nX: ?\r\n\r\n", "\r\n?", "GET /\n?a HTTP/1.1", ""}) {
        RequestLine line(100);
        BOOST_TEST(passed(line, text, 3) == text);
        BOOST_TEST(!line.has_query());
    }
}

BOOST_AUTO_TEST_CASE(an_empty_query_is_one) {
    RequestLine line(100);
    BOOST_TEST(passed(line, "GET /? HTTP/1.1\r\n", 2) == "GET / HTTP/1.1\r\n");
    BOOST_TEST(line.has_query());
    BOOST_TEST(line.query().empty());
}

BOOST_AUTO_TEST_CASE(a_line_that_ends_early_ends_the_query) {
    RequestLine line(100);
    BOOST_TEST(passed(line, "GET /?a\nX: ? y\n", 4) == "GET /\nX: ? y\n");
    BOOST_TEST(line.query() == "a");
}

BOOST_AUTO_TEST_CASE(keeps_no_more_than_the_limit) {
    for (const std::size_t piece : {1, 7, 100}) {
        RequestLine exact(4);
        static_cast<void>(passed(exact, "GET /?abcd HTTP/1.1\r\n", piece));
        BOOST_TEST(exact.query() == "abcd");
        BOOST_TEST(!exact.is_too_long());
        RequestLine over(4);
        BOOST_TEST(passed(over, "GET /?abcde HTTP/1.1\r\n", piece) == "GET / HTTP/1.1\r\n");
        BOOST_TEST(over.query() == "abcd");
        BOOST_TEST(over.is_too_long());
    }
}

BOOST_AUTO_TEST_SUITE_END()

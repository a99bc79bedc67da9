#include "runtime/url.h"

#include <boost/test/unit_test.hpp>

#include <string>

using pilotlight::runtime::base64;
using pilotlight::runtime::parse_host_port;
using pilotlight::runtime::parse_url;
using pilotlight::runtime::resolve_reference;

BOOST_AUTO_TEST_SUITE(url)

BOOST_AUTO_TEST_CASE(takes_a_url_apart) {
    const auto url = parse_url("HTTPS://User:p%40ss@Example.COM:8443/a%20b?q=1#part");
    BOOST_REQUIRE(url.has_value());
    BOOST_TEST(url->scheme == "https");
    BOOST_TEST(url->host == "example.com");
    BOOST_TEST(url->port == 8443);
    BOOST_TEST(url->target == "/a%20b?q=1");
    BOOST_TEST(url->user->reveal() == "User");
    BOOST_TEST(url->password->reveal() == "p@ss");
    BOOST_TEST(url->to_string() == "https://example.com:8443/a%20b?q=1");
}

BOOST_AUTO_TEST_CASE(ports_and_paths_have_defaults) {
    BOOST_TEST(parse_url("http://h")->port == 80);
    BOOST_TEST(parse_url("https://h")->port == 443);
    BOOST_TEST(parse_url("http://h:")->port == 80);
    BOOST_TEST(parse_url("http://h")->target == "/");
    BOOST_TEST(parse_url("http://h?q")->target == "/?q");
}

BOOST_AUTO_TEST_CASE(ipv6_literals_stand_in_brackets) {
    const auto url = parse_url("http://[2001:db8::1]:81/");
    BOOST_REQUIRE(url.has_value());
    BOOST_TEST(url->host == "2001:db8::1");
    BOOST_TEST(url->port == 81);
    BOOST_TEST(url->host_header() == "[2001:db8::1]:81");
}

BOOST_AUTO_TEST_CASE(the_host_header_leaves_out_the_schemes_own_port) {
    BOOST_TEST(parse_url("https://h:443/")->host_header() == "h");
    BOOST_TEST(parse_url("http://h:443/")->host_header() == "h:443");
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_http_url) {
    for (const std::string text :
         {"", "h", "ftp://h/", "http:/h", "http://", "http:///x", "http://h:0/", "http://h:65536/",
          "http://h:x/", "http://[::1/", "http://[::g]/", "http://h/a b", "http://h/\r\nX: y",
          "http://h/\xc3\xa4", "http://a b/", "http://u:%zz@h/", "http://h\\x/", "//h/"}) {
        BOOST_TEST(!parse_url(text).has_value(), text);
    }
    BOOST_TEST(!parse_url("http://h/" + std::string(20'000, 'a')).has_value());
}

BOOST_AUTO_TEST_CASE(an_error_does_not_repeat_the_text) {
    const auto url = parse_url("http://user:hunter2@h:x/");
    BOOST_REQUIRE(!url.has_value());
    BOOST_TEST(!url.error().message.contains("hunter2"));
}

BOOST_AUTO_TEST_CASE(resolves_references_as_rfc_3986_does) {
    const auto base = parse_url("http://a/b/c/d;p?q");
    BOOST_REQUIRE(base.has_value());
    // RFC 3986, 5.4, those that stay http and have no fragment.
    const std::pair<std::string, std::string> kCases[] = {
        {"g", "http://a/b/c/g"},        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},      {"/g", "http://a/g"},
        {"//g", "http://g/"},           {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},    {";x", "http://a/b/c/;x"},
        {"", "http://a/b/c/d;p?q"},     {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},        {"..", "http://a/b/"},
        {"../g", "http://a/b/g"},       {"../..", "http://a/"},
        {"../../g", "http://a/g"},      {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},         {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},      {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},     {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},   {"g?y/./x", "http://a/b/c/g?y/./x"},
        {"https://x/y", "https://x/y"}, {"g#s", "http://a/b/c/g"},
    };
    for (const auto& [reference, expected] : kCases) {
        const auto url = resolve_reference(*base, reference);
        BOOST_REQUIRE_MESSAGE(url.has_value(), reference);
        BOOST_TEST(url->to_string() == expected, reference << " gave " << url->to_string());
    }
}

BOOST_AUTO_TEST_CASE(a_reference_may_not_leave_http_nor_split_the_request) {
    const auto base = parse_url("https://u:p@a/b");
    BOOST_TEST(!resolve_reference(*base, "ftp://x/").has_value());
    BOOST_TEST(!resolve_reference(*base, "javascript:alert(1)").has_value());
    BOOST_TEST(!resolve_reference(*base, "/x\r\nHost: y").has_value());
    BOOST_TEST(!resolve_reference(*base, "/x")->user.has_value());
}

BOOST_AUTO_TEST_CASE(reads_hosts_with_ports) {
    BOOST_TEST(parse_host_port("Example.com:443")->host == "example.com");
    BOOST_TEST(parse_host_port("[::1]:443")->host == "::1");
    BOOST_TEST(parse_host_port("[::1]:443")->port == 443);
    BOOST_TEST(parse_host_port("h", 5432)->port == 5432);
    BOOST_TEST(parse_host_port("::1", 5432)->host == "::1");
    for (const std::string text :
         {"h", "h:", "h:0", "h:99999", ":1", "::1", "[::1]", "h:1:2", ""}) {
        BOOST_TEST(!parse_host_port(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(base64_pads) {
    BOOST_TEST(base64("") == "");
    BOOST_TEST(base64("f") == "Zg==");
    BOOST_TEST(base64("fo") == "Zm8=");
    BOOST_TEST(base64("foo") == "Zm9v");
    BOOST_TEST(base64(std::string("\xff\xfe\x00", 3)) == "//4A");
}

BOOST_AUTO_TEST_SUITE_END()

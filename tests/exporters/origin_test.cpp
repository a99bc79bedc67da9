#include "exporters/origin.h"

#include <boost/test/unit_test.hpp>

#include "tests/exporters/made_up.h"

using namespace pilotlight::exporters;
using made_up::post;

namespace {

const std::vector<std::string> kNames{"status.example.com"};

bool may_change(const std::vector<Header>& headers, const char* from = "127.0.0.1") {
    Request request = post("/-/reload", headers);
    request.remote_address = from;
    return !refuse_change(request, kNames);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(origin)

BOOST_AUTO_TEST_CASE(loopback_is_told_from_other_addresses) {
    for (const char* address : {"127.0.0.1", "127.255.3.4", "::1", "::ffff:127.0.0.1"}) {
        BOOST_TEST_INFO(address);
        BOOST_TEST(is_loopback(address));
    }
    for (const char* address : {"", "10.0.0.1", "128.0.0.1", "::2", "::ffff:10.0.0.1", "localhost",
                                "127.0.0.1.example.com", "0.0.0.0", "::"}) {
        BOOST_TEST_INFO(address);
        BOOST_TEST(!is_loopback(address));
    }
}

BOOST_AUTO_TEST_CASE(a_command_line_client_on_loopback_may) {
    BOOST_TEST(may_change({}));
    BOOST_TEST(may_change({{"Host", "127.0.0.1:9897"}}));
    BOOST_TEST(may_change({{"Host", "[::1]:9897"}}, "::1"));
    BOOST_TEST(may_change({{"Host", "localhost:9897"}}));
    BOOST_TEST(may_change({{"Host", "LOCALHOST."}}));
}

BOOST_AUTO_TEST_CASE(other_addresses_may_not_whatever_they_say) {
    BOOST_TEST(!may_change({}, "192.0.2.7"));
    BOOST_TEST(!may_change({{"Host", "localhost"}}, "192.0.2.7"));
    BOOST_TEST(!may_change({{"Host", "localhost"}, {"Origin", "http://localhost"}}, "2001:db8::1"));
    BOOST_TEST(!may_change({}, ""));
}

BOOST_AUTO_TEST_CASE(what_a_proxy_forwards_may_not) {
    for (const char* header : {"X-Forwarded-For", "Forwarded", "x-real-ip"}) {
        BOOST_TEST_INFO(header);
        BOOST_TEST(!may_change({{"Host", "localhost"}, {header, "127.0.0.1"}}));
    }
}

BOOST_AUTO_TEST_CASE(a_name_that_was_rebound_to_loopback_may_not) {
    BOOST_TEST(!may_change({{"Host", "evil.example:9897"}}));
    BOOST_TEST(!may_change({{"Host", "evil.example"}, {"Origin", "http://evil.example"}}));
    BOOST_TEST(!may_change({{"Host", "localhost.evil.example"}}));
    BOOST_TEST(!may_change({{"Host", ""}}));
    BOOST_TEST(may_change({{"Host", "status.example.com"}}));
    BOOST_TEST(may_change({{"Host", "Status.Example.com:9897"}}));
}

BOOST_AUTO_TEST_CASE(a_page_of_another_origin_may_not) {
    BOOST_TEST(!may_change({{"Host", "localhost:9897"}, {"Origin", "https://evil.example"}}));
    BOOST_TEST(!may_change({{"Host", "localhost:9897"}, {"Origin", "http://localhost:3000"}}));
    BOOST_TEST(!may_change({{"Host", "localhost:9897"}, {"Origin", "null"}}));
    BOOST_TEST(!may_change({{"Host", "localhost:9897"}, {"Origin", "file://localhost:9897"}}));
    BOOST_TEST(!may_change({{"Origin", "null"}}));
    BOOST_TEST(!may_change({{"Host", "localhost:9897"}, {"Sec-Fetch-Site", "cross-site"}}));
    BOOST_TEST(!may_change({{"Host", "localhost:9897"}, {"Sec-Fetch-Site", "same-site"}}));
}

BOOST_AUTO_TEST_CASE(its_own_page_may) {
    BOOST_TEST(may_change({{"Host", "localhost:9897"},
                           {"Origin", "http://localhost:9897"},
                           {"Sec-Fetch-Site", "same-origin"}}));
    BOOST_TEST(may_change({{"Host", "localhost:9897"}, {"Sec-Fetch-Site", "none"}}));
}

BOOST_AUTO_TEST_SUITE_END()

#include "app/probe_words.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace pilotlight;
using namespace pilotlight::app;
using probes::Outcome;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

BOOST_AUTO_TEST_SUITE(probe_words)

BOOST_AUTO_TEST_CASE(a_failure_says_where_it_broke_off_and_why) {
    BOOST_TEST(outcome_in_words(Outcome::failed("connect", "refused", "x")) ==
               "Connecting failed: nothing listens there, or a firewall refuses.");
    BOOST_TEST(outcome_in_words(Outcome::failed("tls", "certificate_expired", "x")) ==
               "The TLS handshake failed: the certificate has expired.");
}

BOOST_AUTO_TEST_CASE(what_could_not_be_judged_is_not_blamed_on_the_target) {
    BOOST_TEST(outcome_in_words(Outcome::unknown("resolve", "resolver_unreachable", "x")) ==
               "Looking up the name failed here, which says nothing of the target: no DNS server "
               "of this machine answers.");
}

BOOST_AUTO_TEST_CASE(nothing_is_said_of_what_is_ok) {
    BOOST_TEST(outcome_in_words(Outcome::ok()) == "");
}

BOOST_AUTO_TEST_CASE(words_that_are_not_known_are_told_as_they_are) {
    BOOST_TEST(outcome_in_words(Outcome::failed("warm_up", "too_cold", "x")) ==
               "The phase warm up failed: too cold.");
}

constexpr const char* kReasonsOfTheNetwork[] = {"nxdomain",
                                                "no_addresses",
                                                "timeout",
                                                "server_failure",
                                                "resolver_unreachable",
                                                "refused",
                                                "unreachable",
                                                "reset",
                                                "network_unreachable",
                                                "no_descriptors",
                                                "no_memory",
                                                "resolver_refuses",
                                                "no_local_ports",
                                                "source_address",
                                                "connect_error",
                                                "not_found",
                                                "not_a_socket",
                                                "no_permission",
                                                "proxy_refused",
                                                "proxy_protocol",
                                                "certificate_expired",
                                                "certificate_not_yet_valid",
                                                "certificate_name_mismatch",
                                                "certificate_self_signed",
                                                "certificate_untrusted",
                                                "certificate_revoked",
                                                "certificate_invalid",
                                                "no_certificate",
                                                "handshake",
                                                "not_tls",
                                                "closed",
                                                "tls_settings",
                                                "tls_error",
                                                "io_error",
                                                "protocol",
                                                "header_too_large",
                                                "body_too_large",
                                                "truncated",
                                                "bad_encoding",
                                                "too_many_redirects",
                                                "bad_redirect",
                                                "bad_url"};

BOOST_DATA_TEST_CASE(every_reason_of_the_network_has_words, kReasonsOfTheNetwork) {
    const std::string words = reason_in_words(sample);
    BOOST_TEST(words.size() > 8U);
    std::string plain = sample;
    std::ranges::replace(plain, '_', ' ');
    BOOST_TEST(words != plain);
}

BOOST_AUTO_TEST_CASE(a_span_has_the_largest_unit_of_which_there_are_two) {
    BOOST_TEST(span_in_words(days(90)) == "90 days");
    BOOST_TEST(span_in_words(days(2) - seconds(1)) == "47 hours");
    BOOST_TEST(span_in_words(hours(2) - seconds(1)) == "119 minutes");
    BOOST_TEST(span_in_words(minutes(2) - seconds(1)) == "119 seconds");
    BOOST_TEST(span_in_words(seconds(1)) == "1 second");
    BOOST_TEST(span_in_words(Duration(0)) == "0 seconds");
    BOOST_TEST(span_in_words(-days(3)) == "3 days");
}

BOOST_AUTO_TEST_SUITE_END()

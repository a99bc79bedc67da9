#include "core/evidence.h"

#include <boost/test/unit_test.hpp>

#include "core/utf8.h"

using namespace pilotlight;

BOOST_AUTO_TEST_SUITE(evidence)

BOOST_AUTO_TEST_CASE(shows_text_as_it_is) {
    BOOST_TEST(showable("line one\n\tline two: grün", 100) == "line one\n\tline two: grün");
}

BOOST_AUTO_TEST_CASE(shows_no_byte_that_is_no_utf8_and_no_control_character) {
    BOOST_TEST(showable("a\xff\x80z", 100) == "a\uFFFD\uFFFDz");
    BOOST_TEST(showable(std::string_view("a\0b\x1b[2Jc\rd\x7f", 11), 100) ==
               "a\uFFFDb\uFFFD[2Jc\uFFFDd\uFFFD");
    BOOST_TEST(showable("a\u0085b", 100) == "a\uFFFDb");
}

BOOST_AUTO_TEST_CASE(shows_nothing_that_turns_the_text_around) {
    BOOST_TEST(showable("a\u202eb\u2066c", 100) == "a\uFFFDb\uFFFDc");
}

BOOST_AUTO_TEST_CASE(cuts_between_characters) {
    BOOST_TEST(showable("ab\u00e9", 3) == "ab");
    BOOST_TEST(showable("ab\u00e9", 4) == "ab\u00e9");
    BOOST_TEST(showable("abc", 0) == "");
}

BOOST_AUTO_TEST_CASE(a_replaced_byte_counts_as_what_replaces_it) {
    BOOST_TEST(showable("\xff\xff", 5) == "\uFFFD");
}

Evidence enormous() {
    const std::string endless(10'000, 'x');
    Evidence evidence;
    evidence.status_line = endless;
    evidence.body = endless;
    evidence.tls.emplace();
    for (int i = 0; i < 100; ++i) {
        evidence.addresses.push_back({endless, true, endless});
        evidence.phases.push_back({"phase", {}});
        evidence.headers.push_back({endless, endless});
        evidence.dialogue.push_back(endless);
        TlsEvidence::Certificate certificate;
        certificate.subject = certificate.issuer = endless;
        certificate.names.assign(100, endless);
        evidence.tls->chain.push_back(certificate);
    }
    return evidence;
}

BOOST_AUTO_TEST_CASE(fits_whatever_a_target_sends) {
    Evidence evidence = enormous();
    fit(evidence);
    BOOST_TEST(size_of(evidence) <= EvidenceLimits().bytes);
    BOOST_TEST(!evidence.body.empty());
    BOOST_TEST(!evidence.addresses.empty());
    BOOST_REQUIRE(evidence.tls);
    BOOST_TEST(evidence.tls->chain.size() == 1);
}

BOOST_AUTO_TEST_CASE(counts_the_names_that_it_cuts) {
    Evidence evidence;
    evidence.tls.emplace();
    evidence.tls->chain.resize(1);
    evidence.tls->chain[0].names.assign(10, "a.example");
    fit(evidence);
    BOOST_TEST(evidence.tls->chain[0].names.size() == EvidenceLimits().names);
    BOOST_TEST(evidence.tls->chain[0].more_names == 10 - EvidenceLimits().names);
    fit(evidence);
    BOOST_TEST(evidence.tls->chain[0].more_names == 10 - EvidenceLimits().names);
}

BOOST_AUTO_TEST_CASE(leaves_what_fits_alone) {
    Evidence evidence;
    evidence.status_line = "HTTP/1.1 503 Service Unavailable";
    evidence.body = "down for maintenance";
    evidence.addresses.push_back({"192.0.2.1", true, "refused"});
    fit(evidence);
    BOOST_TEST(evidence.status_line == "HTTP/1.1 503 Service Unavailable");
    BOOST_TEST(evidence.body == "down for maintenance");
    BOOST_TEST(evidence.addresses.at(0).error == "refused");
}

BOOST_AUTO_TEST_SUITE_END()
